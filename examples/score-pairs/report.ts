import type { TemplateMessage } from 'prefloss/data';
import type { Scores } from './score.js';

/** A row of the data. */
export interface Row {
  readonly prompt: readonly TemplateMessage[];
}

/** The scores of each split. */
export type ScoredSplits = Readonly<Record<'train' | 'validation', Scores>>;

const TITLES = { train: 'train', validation: 'held out' } as const;
const SPLITS = Object.keys(TITLES) as (keyof ScoredSplits)[];
const PROMPT_LENGTH = 48;

const columns = (texts: readonly string[]): string => texts.map((text, i) => (i === 0 ? text.padEnd(12) : text.padStart(10))).join('');

/** Prints each pair, those with the largest margin first. */
export function printPairs(splits: ScoredSplits, rows: readonly Row[]): void {
  console.log(`\n${columns(['pair', 'chosen', 'rejected', 'margin'])}`);
  for (const split of SPLITS) {
    for (const { row, rewards, margin } of [...splits[split].scores].sort((a, b) => b.margin - a.margin)) {
      const numbers = [rewards.chosen, rewards.rejected, margin].map((x) => x.toFixed(3));
      const question = rows[row]!.prompt.at(-1)!.content.replaceAll(/\s+/g, ' ');
      const shown = question.length > PROMPT_LENGTH ? `${question.slice(0, PROMPT_LENGTH - 3)}...` : question;
      console.log(`${columns([`${row} ${TITLES[split]}`, ...numbers])}  ${margin > 0 ? 'right' : 'wrong'}  ${shown}`);
    }
  }
}

/** Prints the means of each split. */
export function printMeans(splits: ScoredSplits): void {
  const percent = (x: number): string => `${(100 * x).toFixed(0)} %`;
  const lines = [
    ['reward accuracy', 'rewards/accuracies', percent],
    ['  by the log-probs of the reference alone', 'reference/accuracies', percent],
    ['mean margin', 'rewards/margins', (x: number) => x.toFixed(3)],
    ['DPO loss', 'loss', (x: number) => x.toFixed(4)],
  ] as const;
  console.log(`\n${''.padEnd(42)}${SPLITS.map((split) => TITLES[split].padStart(10)).join('')}`);
  for (const [title, metric, format] of lines) {
    console.log(`${title.padEnd(42)}${SPLITS.map((split) => format(splits[split].metrics[metric]!).padStart(10)).join('')}`);
  }
}
