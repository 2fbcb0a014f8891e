import type { Answer } from './protocol.js';

/** The model's answers to held-out questions, before and after the preference training. */
export function Answers({ answers }: { readonly answers: readonly Answer[] }) {
  return (
    <section class="card">
      <h2>What the model answers</h2>
      {answers.length === 0 ? (
        <p class="muted">Its answers to held-out questions are shown here while it trains.</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Held-out question</th>
                <th scope="col">Fine-tuned</th>
                <th scope="col">With preferences</th>
              </tr>
            </thead>
            <tbody>
              {answers.map(({ question, expected, before, after }) => (
                <tr key={question}>
                  <td>{question}</td>
                  <td>
                    <Marked answer={before} expected={expected} />
                  </td>
                  <td>{after === undefined ? '–' : <Marked answer={after} expected={expected} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Marked({ answer, expected }: { readonly answer: string; readonly expected: string }) {
  const isRight = answer === expected;
  return (
    <span class={isRight ? 'right' : 'wrong'}>
      {answer || '(nothing)'} <span aria-hidden="true">{isRight ? '✓' : '✗'}</span>
      <span class="visually-hidden">{isRight ? ', right' : ', wrong'}</span>
    </span>
  );
}
