// docs/contract.md: the statements and exceptions of claims.ts.
import { losses, type LossEntry } from '../../src/core.js';
import { table } from '../markdown.js';
import { claims, nanInOperations, otherFunctions, ranges, refused, unchecked, usualRange, type Claim, type Remarks } from './claims.js';

const linked = (name: string): string => `[\`${name}\`](losses/${name}.md)`;

/** A list of losses with a remark on each. */
const remarks = (all: Remarks | typeof otherFunctions): string =>
  Object.entries(all)
    .map(([name, remark]) => `- ${linked(name)} ${remark}`)
    .join('\n');

const section = ({ title, predicate, tested, exceptions }: Claim): string =>
  [
    `## ${title}`,
    `Every loss ${predicate}.`,
    `_Tested:_ ${tested}`,
    ...(Object.keys(exceptions).length > 0 ? ['Exceptions:', remarks(exceptions)] : []),
  ].join('\n\n');

const ranged = (): string =>
  table([
    ['loss', 'values', ''],
    ['---', '---', '---'],
    ...Object.entries(ranges).map(([name, all]) => [linked(name), all.map(({ words }) => words).join(', '), all[0]!.note ?? '']),
  ]);

const coupled = Object.entries<LossEntry>(losses).flatMap(([name, { coupling }]) => (coupling === 'statistics' ? [linked(name)] : []));
const listed = (names: readonly string[]): string => `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;

const errors = (): string => table([['input', 'error'], ['---', '---'], ...Object.values(refused)]);

const notErrors = (): string =>
  Object.values(unchecked)
    .flatMap(({ input, result, exceptions }) => [
      `- ${input}: ${result}`,
      ...Object.entries(exceptions as Remarks).map(([name, remark]) => `  - ${linked(name)}: ${remark}`),
    ])
    .join('\n');

/** The text of the page, not yet formatted. */
export const contract = (): string => `<!-- npm run generate writes this page from tools/docs/claims.ts -->

# What every loss promises

This page holds for the ${Object.keys(losses).length} losses of the [catalogue](losses.md), with the exceptions that it names.
Tests check each statement for each loss on each engine, and that each exception is one: see \`contract.test.ts\`,
\`badInput.test.ts\` and \`ranges.test.ts\` in \`test/losses\`, and \`checkLoss.test.ts\` in \`test/testing\`.

${section(claims.values)}

${section(claims.parts)}

${listed(coupled)} take a statistic of the batch as an argument. Compute it over
[all parts](scale.md#what-is-exchanged), and give it to each.

Three functions outside the catalogue depend on the whole batch as well:

${remarks(otherFunctions)}

${section(claims.empty)}

${section(claims.plain)}

${section(claims.gradients)}

Gradients reach the reference, so compute its log-probs outside the differentiated function.

Losses take log-probs of whole completions: they mask no tokens, and divide by no lengths.

${section(claims.direction)}

${section(claims.reference)}

${section(claims.finite)}

${section(claims.largeRewards)}

## Range of the values

Up to rounding, losses are ${usualRange.words} and unbounded above if log-probs are at most 0 and the \`nll\` of
${linked('orpo')} is at least 0. The exceptions are:

${ranged()}

_Tested:_ No value leaves its range, and some values come near each end of it.

${section(claims.tensors)}

## Bad input

These are errors. The message names the function, the argument, what it is and what was expected:

${errors()}

"Or NaN": on WebGPU and WebGL, values cannot be read at the call, and the losses computed from such a value are NaN instead.

These are not checked:

${notErrors()}

Functions that read the log-probs of a batch, for metrics, statistics or a loss of your own, ignore its other fields: \`implicitRewards\`,
\`logRatioMargin\`, \`dpoGradientWeight\`, \`klStatistics\`, \`klEstimate\`, \`rewardStatistics\`, \`unpairedMetrics\` and \`levanterMetrics\`.

## ${nanInOperations.title}

${nanInOperations.claim} Exceptions:

${Object.values(nanInOperations.exceptions)
  .map((exception) => `- ${exception}`)
  .join('\n')}
`;
