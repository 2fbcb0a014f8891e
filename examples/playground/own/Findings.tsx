import { Chart } from '../ui/Chart.js';
import { short } from '../ui/ticks.js';
import type { Finding } from './messages.js';

type Of<Type extends Finding['type']> = Extract<Finding, { readonly type: Type }>;

/** What is known about a variant so far. */
export function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  return findings.map((finding) => {
    switch (finding.type) {
      case 'curve':
        return <Curve key="curve" {...finding} />;
      case 'extremes':
        return <Extremes key="extremes" {...finding} />;
      case 'gradients':
        return (
          <section key="gradients" class="card">
            <h2>Gradient check</h2>
            <p class={finding.passed ? 'good' : 'error'}>{finding.message}</p>
          </section>
        );
      case 'report':
        return (
          <section key="report" class="card">
            <h2>{finding.problems === 0 ? 'No problems found' : `Problems found: ${finding.problems}`}</h2>
            <pre tabIndex={0}>{finding.text}</pre>
          </section>
        );
      case 'failed':
        return (
          <p key="failed" class="error" role="alert">
            {finding.message}
          </p>
        );
      default:
        return null;
    }
  });
}

function Curve({ name, xLabel, loss, slope }: Of<'curve'>) {
  const problem = notFinite('loss', loss, xLabel) ?? notFinite('slope', slope, xLabel);
  return (
    <section class="card" aria-label={`Curves of ${name}`}>
      {problem !== undefined && <p class="error">{problem}</p>}
      <div class="columns">
        <Chart title="Loss" xLabel={xLabel} series={[{ label: name, points: loss }]} />
        <Chart title="Slope of the loss" xLabel={xLabel} series={[{ label: name, points: slope }]} />
      </div>
    </section>
  );
}

function notFinite(what: string, points: Of<'curve'>['loss'], xLabel: string): string | undefined {
  const wrong = points.filter(([, y]) => !Number.isFinite(y));
  const [first] = wrong;
  return (
    first && `The ${what} is ${first[1]} at ${xLabel} ${short(first[0])}, and not finite at ${wrong.length} of ${points.length} points.`
  );
}

function Extremes({ rows }: Of<'extremes'>) {
  const wrong = rows.filter(({ loss, slope }) => !Number.isFinite(loss) || !Number.isFinite(slope));
  return (
    <section class="card">
      <h2>Extremes</h2>
      <p class={wrong.length === 0 ? 'good' : 'error'}>
        {wrong.length === 0 ? 'Loss and slope are finite at every extreme.' : `Not finite at ${wrong.map(({ x }) => short(x)).join(', ')}.`}
      </p>
      <table>
        <thead>
          <tr>
            {['margin', 'loss', 'slope'].map((title) => (
              <th key={title} scope="col" class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ x, loss, slope }) => (
            <tr key={x}>
              {[x, loss, slope].map((value, i) => (
                <td key={i} class="number">
                  {short(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
