// Writes the table of docs/scale.md: what the workers, or the parts of a batch, exchange for each loss of the catalogue.
import { readFileSync } from 'node:fs';
import { losses, type LossEntry } from '../../src/core.js';
import { table, withPart } from '../markdown.js';

const entries = Object.entries<LossEntry>(losses);
const linked = (names: readonly string[]): string => names.map((name) => `[\`${name}\`](losses/${name}.md)`).join(', ');
const namesOf = (coupling: LossEntry['coupling']): string[] =>
  entries.flatMap(([name, entry]) => (entry.coupling === coupling ? [name] : []));

/** Losses that share a statistic have one row. */
function ofStatistics(): string[][] {
  const rows = new Map<string, { readonly names: string[]; readonly entry: LossEntry }>();
  for (const [name, entry] of entries) {
    if (entry.coupling !== 'statistics') continue;
    const key = entry.statistics.join();
    if (!rows.has(key)) rows.set(key, { names: [], entry });
    rows.get(key)!.names.push(name);
  }
  return [...rows.values()].map(({ names, entry: { fields, statistics } }) => {
    const [sums, total] = statistics;
    const isEstimate = fields.includes('kl');
    const isOfMargins = fields.includes('statistics');
    const of = isEstimate
      ? 'the mismatched completions'
      : isOfMargins
        ? 'the margins, with the previous mean as center'
        : 'the rows, pairs or examples';
    const argument = isEstimate ? 'kl' : isOfMargins ? 'statistics' : 'delta';
    return [linked(names), `sums: \`${sums!}\` of ${of}`, `\`${argument}\`: \`${total!}\` of the total`];
  });
}

const OTHER_ROWS = '[the whole loss](#losses-that-need-the-other-rows), with the other rows as constants';

/** Functions that are not in the catalogue. */
const BESIDE = [
  [
    `${linked(['dpo'])} with [\`adaptiveBeta\`](losses/adaptiveBeta.md)`,
    'sums: `marginSums` of the margins, with the previous mean as center',
    '`marginStatistics` of the total, and `beta`: `adaptiveBeta` of both',
  ],
  [`${linked(['nll'])}, mean over tokens`, 'sum: the number of counted tokens', '`tokenCount`'],
  [linked(['gammaMargins']), 'rows: the gaps', 'the margins of the own rows'],
  [linked(['robustMean']), 'rows: the losses', OTHER_ROWS],
  [
    `${linked(['nll'])} of \`reduction: 'none'\`, ${linked(['wpoWeights', 'epsilonBeta', 'tpo', 'xpoTerm', 'nashMd', 'optimalValue', 'costTerm'])}`,
    'nothing',
    '',
  ],
  [linked(['samLogProbs']), 'nothing', '`seed`: one per pair, of its row and the step'],
];

const rows = (): string[][] => [
  ...ofStatistics(),
  [linked(namesOf('order')), 'rows: the log-probs of both sides', OTHER_ROWS],
  ...BESIDE,
  [linked(namesOf('nothing')), 'nothing', ''],
];

/** The text of docs/scale.md with its generated table. */
export const withExchanges = (): string =>
  withPart(
    readFileSync(new URL('../../docs/scale.md', import.meta.url), 'utf8'),
    'npm run generate writes this from the catalogue',
    `\n\n${table([['function', 'exchanged', 'used as'], ['---', '---', '---'], ...rows()])}\n\n`,
  );
