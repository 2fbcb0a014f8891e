import { progressOf, type RunState } from './runState.js';

const PHASES = { sft: 'Fine-tuning', preference: 'Preference training' };

/** How far the run is, on which backend, and how fast. */
export function Progress({ state }: { readonly state: RunState }) {
  const { done, secondsLeft } = progressOf(state);
  const { backend, notice, status } = state;
  const recent = state.batches.slice(-20).map(({ milliseconds }) => milliseconds).sort((a, b) => a - b); // prettier-ignore
  const median = recent[recent.length >> 1];
  return (
    <section aria-label="Progress">
      <progress value={done} aria-label="Share of the run that is done" />
      <p class="train-status">
        <span role="status">{describe(state)}</span>
        {status === 'running' && secondsLeft !== undefined && <span>about {durationOf(secondsLeft)} left</span>}
        {backend !== undefined && <span>on {backend}</span>}
        {median !== undefined && <span>{median.toFixed(0)} ms per update</span>}
      </p>
      {notice !== undefined && <p class="muted">{notice}</p>}
    </section>
  );
}

function describe({ status, batches, options }: RunState): string {
  if (status === 'idle') return 'Not started';
  if (status === 'starting') return 'The backend and the data are loading …';
  const { phase, step } = batches.at(-1) ?? { phase: 'sft' as const, step: 0 };
  const steps = phase === 'sft' ? options!.sftSteps : options!.steps;
  const ends = { running: '', paused: ', paused', done: ', done', failed: ', stopped' };
  return `${PHASES[phase]}: ${step} of ${steps} updates${ends[status]}`;
}

const durationOf = (seconds: number): string => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`);
