import { batchesOf } from 'prefloss';
import type { MetricsLog } from '../shared/metricsLog.js';
import { answersOf, promptOf } from './answers.js';
import { MARKERS, type Dataset, type TrainingPair } from './data.js';
import type { TinyGpt } from './model.js';
import type { Options } from './options.js';

/** Number of pairs of a split that an evaluation takes, if there are more. */
const EVALUATED = 150;
const SAMPLES = 4;

/** What a run works with. */
export interface Run {
  readonly options: Options;
  readonly data: Dataset;
  readonly policy: TinyGpt;
  readonly log: MetricsLog;
  /** Folder of the results. */
  readonly out: string;
}

/** The pairs of a split that are evaluated. */
export const evaluatedOf = (pairs: readonly TrainingPair[], seed: number): readonly TrainingPair[] =>
  batchesOf(pairs, { batchSize: EVALUATED, seed })[0]!;

/** Prints what the model has learned, and which checks have passed. */
export function report({ options: { loss }, log }: Run): void {
  const percent = (x: number): string => `${(100 * x).toFixed(0)} %`;
  const rows = [
    ['fine-tuning loss, nats per token', 'sft', 'loss', (x: number) => x.toFixed(3)],
    [`${loss.toUpperCase()} loss`, loss, 'loss', (x: number) => x.toFixed(4)],
    ['reward margin', loss, 'rewards/margins', (x: number) => x.toFixed(3)],
    ['reward accuracy', loss, 'rewards/accuracies', percent],
    ['right answers', loss, 'answers/right', percent],
  ] as const;
  console.log(`\nWhat it learned (before -> after)\n  ${''.padEnd(34)}${'train'.padEnd(22)}held out`);
  for (const [title, phase, metric, format] of rows) {
    const values = (['train', 'validation'] as const).map((on) =>
      (['first', 'last'] as const).map((end) => log.at(end, phase, on)[metric]),
    );
    const [onTrain, heldOut] = values.map((ends) => ends.map((x) => (x === undefined ? '-' : format(x))).join(' -> '));
    if (values.flat().some((x) => x !== undefined)) console.log(`  ${title.padEnd(34)}${onTrain!.padEnd(22)}${heldOut!}`);
  }
  const kept = loss === 'orpo' ? '' : 'the reference is the same to the last bit; ';
  console.log(`\nChecked: ${kept}no step left a tensor behind; the reloaded checkpoint gives the same metrics.`);
}

/** Prints some held-out prompts that the policy answers differently than the fine-tuned model. */
export async function showAnswers({ options: { seed, task }, data, policy }: Run, reference: TinyGpt): Promise<void> {
  const pairs = evaluatedOf(data.validation, seed);
  const textsOf = async (model: TinyGpt) => (await answersOf(model, pairs, task.answerTokens)).map(data.textOf);
  const [before, after] = [await textsOf(reference), await textsOf(policy)];
  const changed = pairs.flatMap((pair, i) => (before[i] === after[i] ? [] : [{ prompt: promptOf(pair), i }]));
  console.log(`\n${changed.length} of ${pairs.length} held-out prompts have another answer than before`);
  for (const { prompt, i } of changed.slice(0, SAMPLES)) {
    const question = data.textOf(prompt.slice(prompt.lastIndexOf(MARKERS.user)));
    console.log(`\n> ${question}\n  before: ${before[i]!}\n  after:  ${after[i]!}`);
  }
}
