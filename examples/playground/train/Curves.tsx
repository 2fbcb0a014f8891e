import { Chart, type Series } from '../ui/Chart.js';
import type { Phase } from './protocol.js';
import type { RunState } from './runState.js';
import { settings } from './settings.js';

/** The metrics of a run, drawn as they arrive. A batch is measured before its update. */
export function Curves({ state: { batches, evaluations, options } }: { readonly state: RunState }) {
  const { sftSteps, steps } = options ?? settings.value;
  const ofBatches = (phase: Phase, metric: string): Series => ({
    label: 'training batch',
    points: batches.flatMap((batch) => pointOf(batch.phase === phase, batch.step - 1, batch.metrics[metric])),
  });
  const heldOut = (phase: Phase, metric: string, label = 'held out'): Series => ({
    label,
    points: evaluations.flatMap((evaluation) => pointOf(evaluation.phase === phase, evaluation.step, evaluation.metrics[metric])),
  });
  const both = (phase: Phase, metric: string): Series[] => [ofBatches(phase, metric), heldOut(phase, metric)];
  return (
    <div class="train-curves">
      <div class="card">
        <Chart title="Fine-tuning: loss" xLabel="updates" domain={[0, sftSteps]} series={both('sft', 'loss')} />
      </div>
      <div class="card">
        <Chart title="Preference training: loss" xLabel="updates" domain={[0, steps]} series={both('preference', 'loss')} />
      </div>
      <div class="card">
        <Chart title="Reward margin" xLabel="updates" domain={[0, steps]} series={both('preference', 'rewards/margins')} />
      </div>
      <div class="card">
        <Chart
          title="Held-out accuracy"
          xLabel="updates"
          domain={[0, steps]}
          series={[
            heldOut('preference', 'rewards/accuracies', 'share with a positive margin'),
            heldOut('preference', 'answers/right', 'share of right answers'),
          ]}
        />
      </div>
    </div>
  );
}

const pointOf = (isShown: boolean, x: number, y: number | undefined): [number, number][] => (isShown && y !== undefined ? [[x, y]] : []);
