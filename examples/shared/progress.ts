import { Presets, SingleBar } from 'cli-progress';
import type { Metrics } from './metricsLog.js';

/** Shows the progress of a phase: a bar on a terminal, otherwise a line for each evaluation. */
export interface Progress {
  batch(step: number, metrics: Metrics): void;
  evaluation(step: number, train: Metrics, validation: Metrics): void;
  stop(): void;
}

const SHOWN = [
  ['loss', 'loss'],
  ['rewards/margins', 'margin'],
  ['rewards/accuracies', 'accuracy'],
  ['answers/right', 'right answers'],
] as const;

/** The metrics to show, if present. */
const summary = (metrics: Metrics): string =>
  SHOWN.flatMap(([name, word]) => (metrics[name] === undefined ? [] : [`${word} ${metrics[name].toFixed(3)}`])).join(', ');

export function progressOf(phase: string, steps: number): Progress {
  return process.stdout.isTTY ? progressBar(phase, steps) : progressLines(phase, steps);
}

function progressBar(phase: string, steps: number): Progress {
  const format = ` ${phase.padEnd(4)} {bar} {value}/{total} | batch: {batch} | validation: {validation} | {eta_formatted} left`;
  const bar = new SingleBar({ format, stream: process.stdout, hideCursor: true, etaBuffer: 10 }, Presets.shades_classic);
  bar.start(steps, 0, { batch: '', validation: '' });
  return {
    batch: (step, metrics) => {
      bar.update(step + 1, { batch: summary(metrics) });
    },
    evaluation: (step, _train, validation) => {
      bar.update(step, { validation: summary(validation) });
    },
    stop: () => {
      bar.stop();
    },
  };
}

function progressLines(phase: string, steps: number): Progress {
  return {
    batch: () => undefined,
    evaluation: (step, train, validation) => {
      const parts = Object.entries({ train, validation }).map(([on, metrics]) => [on, summary(metrics)] as const);
      const shown = parts.flatMap(([on, text]) => (text ? [`${on}: ${text}`] : []));
      console.log([`${phase} ${String(step).padStart(String(steps).length)}/${steps}`, ...shown].join('  '));
    },
    stop: () => undefined,
  };
}
