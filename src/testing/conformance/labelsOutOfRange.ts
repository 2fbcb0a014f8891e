import { sum } from '../../backend/ops.js';
import { tokenLogProbs } from '../../logprobs/tokenLogProbs.js';
import type { Check } from './check.js';
import type { Subject } from './subject.js';
import { ints, sample, type AnyTensor } from './valueCase.js';

const [ROWS, VOCABULARY] = [3, 4];

/** A label out of range throws, or gives NaN in the value and the gradient of its row alone. */
async function problemsOf({ backend, free, gradients, make }: Subject): Promise<string[]> {
  const problems: string[] = [];
  for (const label of [VOCABULARY, -1, 1000]) {
    const [logits, labels] = [make(sample([ROWS, VOCABULARY], 'float')), make(ints([1, label, 3]))];
    const f = (x: AnyTensor): AnyTensor => tokenLogProbs(x, labels);
    const calls: Readonly<Record<string, () => readonly AnyTensor[]>> = {
      value: () => [f(logits)],
      ...Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, () => gradient((x) => sum(f(x)), [logits]).grads])),
    };
    for (const [name, call] of Object.entries(calls)) {
      let results: readonly AnyTensor[];
      try {
        results = backend.scope(call);
      } catch {
        continue; // the labels can be read
      }
      const values = Array.from((await backend.read(results))[0]!);
      free(results);
      const size = values.length / ROWS;
      const hasNaN = (row: number): boolean => values.slice(row * size, (row + 1) * size).some(Number.isNaN);
      if (hasNaN(0) || !hasNaN(1) || hasNaN(2))
        problems.push(`tokenLogProbs with labels [1, ${label}, 3] of ${VOCABULARY} tokens: the ${name} is [${values.join(', ')}], expected an error, or NaN in the second row`); // prettier-ignore
    }
    free([logits, labels]);
  }
  return problems;
}

/** Checks of labels that are no tokens. */
export const labelChecks = (): Check[] => [{ name: 'labels out of range', group: 'tokens', problems: problemsOf }];
