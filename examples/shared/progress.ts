import type { Metrics } from './metricsLog.js';

/** Shows the progress of a phase: a line for each evaluation, and on a terminal a bar below these lines. */
export interface Progress {
  batch(step: number, metrics: Metrics): void;
  evaluation(step: number, train: Metrics, validation: Metrics): void;
  stop(): void;
}

/** The members of `process.stdout` that are used. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const SHOWN = [
  ['loss', 'loss'],
  ['rewards/margins', 'margin'],
  ['rewards/accuracies', 'accuracy'],
  ['answers/right', 'right answers'],
] as const;
const BAR = 20;
const REDRAW_MS = 100;
/** Moves the cursor to the start of its line and clears the line. */
const CLEAR = '\r\u001b[K';

/** The metrics to show, if present. */
const summary = (metrics: Metrics): string =>
  SHOWN.flatMap(([name, word]) => (metrics[name] === undefined ? [] : [`${word} ${metrics[name].toFixed(3)}`])).join(', ');

export function progressOf(phase: string, steps: number, output: Output = process.stdout): Progress {
  const columns = output.isTTY ? () => output.columns ?? 80 : () => Infinity;
  const clear = output.isTTY ? CLEAR : '';
  let first: { readonly step: number; readonly time: number } | undefined;
  let drawn = -Infinity;
  return {
    batch: (step, metrics) => {
      const time = performance.now();
      first ??= { step, time };
      if (!output.isTTY || time - drawn < REDRAW_MS) return;
      drawn = time;
      const perStep = (time - first.time) / 1000 / (step - first.step); // NaN after the first step
      output.write(clear + barLine({ phase, step: step + 1, steps, seconds: perStep * (steps - step - 1), metrics, columns: columns() }));
    },
    evaluation: (step, train, validation) => {
      output.write(`${clear}${evaluationLines({ phase, step, steps, train, validation, columns: columns() })}\n`);
      drawn = -Infinity;
    },
    stop: () => {
      output.write(clear);
    },
  };
}

/** What {@link barLine} shows. */
interface BarState {
  readonly phase: string;
  /** Number of updates that were made. */
  readonly step: number;
  readonly steps: number;
  /** Estimated time left; NaN if it cannot be estimated yet. */
  readonly seconds: number;
  readonly metrics: Metrics;
  readonly columns: number;
}

/** The line of a bar. It is shorter than the terminal, which would wrap it otherwise: first the bar gets shorter, then the text is cut. */
export function barLine({ phase, step, steps, seconds, metrics, columns }: BarState): string {
  const left = Number.isNaN(seconds) ? [] : [`${duration(seconds)} left`];
  const text = [counter(step, steps), ...left, summary(metrics)].filter(Boolean).join('  ');
  const width = Math.max(0, Math.min(BAR, columns - 3 - phase.length - text.length));
  const full = Math.round((width * step) / steps);
  return [phase, ...(width > 0 ? ['█'.repeat(full) + '░'.repeat(width - full)] : []), text].join(' ').slice(0, columns - 1);
}

interface EvaluationLines {
  readonly phase: string;
  readonly step: number;
  readonly steps: number;
  readonly train: Metrics;
  readonly validation: Metrics;
  readonly columns: number;
}

/** The result of an evaluation: one line, or one for each split if the terminal is too narrow. */
function evaluationLines({ phase, step, steps, train, validation, columns }: EvaluationLines): string {
  const head = `${phase} ${counter(step, steps)}  `;
  const parts = Object.entries({ train, validation }).flatMap(([on, metrics]) => (summary(metrics) ? [`${on}: ${summary(metrics)}`] : []));
  const line = head + parts.join('  ');
  return line.length < columns ? line : head + parts.join(`\n${' '.repeat(head.length)}`);
}

const counter = (step: number, steps: number): string => `${String(step).padStart(String(steps).length)}/${steps}`;

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
