import { describe, expect, it } from 'vitest';
import type { Workers } from '../../examples/data-parallel/workers/workers.js';
import {
  adaptiveBeta,
  bradleyTerry,
  costTerm,
  dpo,
  logRatioMargin,
  losses,
  marginStatistics,
  marginSums,
  nashMd,
  nll,
  ops,
  orpo,
  robustMean,
  simpo,
  tpo,
  wpoWeights,
  xpoTerm,
  type LossName,
  type Nested,
} from '../../src/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { batchOf, callOf } from '../support/calls.js';
import { emptied } from '../support/emptied.js';
import { epsilon, flatten, read, tensor, valueAndGradsOn, type X } from '../support/engine.js';
import { fileOf } from '../support/goldens.js';
import { amongAll, gatherRows, lockstep, shareOf, sumOver } from '../support/lockstep.js';
import { asTensors, names, optionsOf, sampleOf, statisticUse, trainedOf } from '../support/lossSamples.js';
import { fromFour } from '../support/samples.js';

// One batch on several workers, as in docs/scale.md. Here they are asynchronous functions in one process, so no engine of communication is
// needed.

/** Fields of a batch, and options with one value per example, by name. Scalars and other options are the same for all rows. */
type Rows = Readonly<Record<string, X>>;

/** A loss of a whole batch, and how its workers compute it. */
interface Case {
  /** Five rows. */
  readonly rows: Rows;
  /** Names of the log-probs that the policy computes. */
  readonly trained: readonly string[];
  /** The loss, a scalar. */
  readonly whole: (rows: Rows) => X;
  /** Exchanges what the loss depends on, from the rows of one worker, and returns the function of them that this worker differentiates. */
  readonly part: (workers: Workers, rows: Rows) => Promise<(rows: Rows) => X>;
}

const B = 5;
/** Numbers of rows per worker: two parts, and three of which one is empty. */
const CUTS = [[2, 3], [1, 0, 4]] as const; // prettier-ignore

const mean = (values: X): X => ops.mean<X>(values);
const partOfMean = (values: X): X => ops.div<X>(ops.sum<X>(values), B);
const pick = (rows: Rows, keys: readonly string[]): Rows => Object.fromEntries(keys.map((key) => [key, rows[key]]));

/** The mean of values per example, of which nothing is exchanged. */
const perExample = (rows: Rows, trained: readonly string[], loss: (rows: Rows) => X): Case => ({
  rows,
  trained,
  whole: (all) => mean(loss(all)),
  part: () => Promise.resolve((own) => partOfMean(loss(own))),
});

/** A loss of the catalogue, whose entry decides what is exchanged. */
function ofCatalogue(name: LossName, shiftOptions: object = {}): Case {
  const { fields, options } = sampleOf(name);
  const rows = { ...asTensors(fields), ...optionsOf(options) };
  const loss = (all: Rows): X => callOf(name)(pick(all, Object.keys(fields)), pick(all, Object.keys(options)));
  const trained = trainedOf(fields);
  const { coupling } = losses[name];
  if (coupling === 'nothing') return perExample(rows, trained, loss);
  return coupling === 'statistics' ? ofStatistics(name, rows, trained, loss, shiftOptions) : ofOrder(rows, trained, loss);
}

/** A loss that takes a statistic of the batch. */
function ofStatistics(name: LossName, rows: Rows, trained: readonly string[], loss: (rows: Rows) => X, options: object): Case {
  const { fields, kind } = losses[name];
  const { sums, given } = statisticUse(name);
  // The estimate of kto is of mismatched completions, the shift of bco of the batch itself.
  const isEstimate = (fields as readonly string[]).includes('kl');
  const { klPolicy, klReference } = fileOf('kto').inputs.A_B5!;
  const mismatched = isEstimate && { klPolicy: tensor(klPolicy!), klReference: tensor(klReference!) };
  const sumsOf = (own: Rows): X =>
    isEstimate ? sums({ policy: own.klPolicy, reference: own.klReference }) : sums(batchOf(kind, own), { beta: own.beta });
  const lossWith = (own: Rows, total: X): X => {
    const statistic = given(total, options);
    return loss({ ...own, ...statistic.fields, ...statistic.options });
  };
  return {
    rows: { ...rows, ...mismatched },
    trained,
    whole: (all) => mean(lossWith(all, sumsOf(all))),
    async part(workers, own) {
      const statistic = await sumOver(workers, sumsOf(own));
      return (live) => partOfMean(lossWith(live, statistic));
    },
  };
}

/** A loss that sorts the batch. */
function ofOrder(rows: Rows, trained: readonly string[], loss: (rows: Rows) => X): Case {
  // In the sample, the reference orders the rows as the policy does, so nothing is moved.
  const reverse = (x: X): X => ops.take<X>(x, [4, 3, 2, 1, 0]);
  const { policyChosen, policyRejected, referenceChosen, referenceRejected } = rows;
  const logps = { policyChosen, policyRejected, referenceChosen: reverse(referenceChosen), referenceRejected: reverse(referenceRejected) };
  return {
    rows: { ...rows, ...logps },
    trained,
    whole: (all) => mean(loss(all)),
    async part(workers, own) {
      const all: [string, readonly Nested[]][] = [];
      for (const key of Object.keys(logps)) all.push([key, await gatherRows(workers, own[key])]);
      const gathered = (live: Rows): Rows => Object.fromEntries(all.map(([key, values]) => [key, amongAll(workers, values, live[key])]));
      return (live) => shareOf(mean(loss({ ...live, ...gathered(live) })), countOf(own, trained) / B);
    },
  };
}

const pairsOf = ({ policyChosen, policyRejected, referenceChosen, referenceRejected }: Rows): X =>
  fromFour(policyChosen, policyRejected, referenceChosen, referenceRejected);
const ofDpo = (rows: Rows): X => dpo<X>(pairsOf(rows));

/** Token log-probs of five completions, of which one counts no token. */
const tokens = (): Rows => ({
  tokens: tensor([[-1, -2, -0.5], [-0.25, -3, -1], [-2, -1.5, -4], [-0.5, -0.75, -1], [-3, -1, -2]]),
  mask: tensor([[0, 1, 1], [1, 1, 1], [0, 0, 1], [0, 0, 0], [1, 1, 0]]),
}); // prettier-ignore

const tokenCountOf = async (workers: Workers, { mask }: Rows): Promise<{ tokenCount: number }> =>
  sumOver(workers, { tokenCount: ops.sum<X>(mask) });

/** What depends on the whole batch beside the catalogue. */
const COUPLED: Readonly<Record<string, () => Case>> = {
  'bco, shifted by the mean of classes': () => ofCatalogue('bco', { over: 'classes' }),
  'nll, mean over tokens': () => ({
    rows: tokens(),
    trained: ['tokens'],
    whole: (all) => nll<X>(all.tokens, all.mask),
    async part(workers, rows) {
      const count = await tokenCountOf(workers, rows);
      return (own) => nll<X>(own.tokens, own.mask, count);
    },
  }),
  'orpo and nll, mean over tokens': () => ({
    rows: { ...ofCatalogue('orpo').rows, ...tokens() },
    trained: ['chosen', 'rejected', 'tokens'],
    // A field of the whole batch, but beside the loss of its parts.
    whole: ({ chosen, rejected, tokens, mask }) => mean(orpo<X>({ chosen, rejected, nll: nll<X>(tokens, mask) })),
    async part(workers, rows) {
      const count = await tokenCountOf(workers, rows);
      return ({ chosen, rejected, tokens, mask }) => ops.add<X>(partOfMean(orpo<X>({ chosen, rejected })), nll<X>(tokens, mask, count));
    },
  }),
  'dpo with adaptiveBeta': () => {
    const previous = { mean: 1, std: 2 };
    return {
      ...ofCatalogue('dpo'),
      whole(all) {
        const margins = logRatioMargin<X>(pairsOf(all));
        const beta = adaptiveBeta<X>({ margins, statistics: marginStatistics<X>(margins, { previous }) });
        return mean(dpo<X>(pairsOf(all), { beta }));
      },
      async part(workers, rows) {
        const margins = await sumOver(workers, marginSums<X>(logRatioMargin<X>(pairsOf(rows)), { center: previous.mean }));
        const beta = adaptiveBeta({ margins, statistics: marginStatistics(margins, { previous }) });
        return (own) => partOfMean(dpo<X>(pairsOf(own), { beta }));
      },
    };
  },
  'robustMean of dpo': () => {
    const { rows, trained } = ofCatalogue('dpo');
    return {
      rows,
      trained,
      whole: (all) => robustMean<X>(ofDpo(all)),
      async part(workers, own) {
        const all = await gatherRows(workers, ofDpo(own));
        return (live) => shareOf(robustMean<X>(amongAll(workers, all, ofDpo(live))), countOf(own, trained) / B);
      },
    };
  },
};

/** Functions of single examples beside the catalogue. */
const PER_EXAMPLE: Readonly<Record<string, () => Case>> = {
  'dpo with wpoWeights': () =>
    perExample({ ...ofCatalogue('dpo').rows, ...tokens() }, ofCatalogue('dpo').trained, (own) => {
      const weights = wpoWeights<X>({ logps: own.tokens, logSumSquares: ops.mul<X>(own.mask, -0.25), mask: own.mask });
      return ops.mul<X>(ofDpo(own), weights);
    }),
  'tpo of simpo': () =>
    perExample({ ...ofCatalogue('simpo').rows, gold: tensor([-1, -2, -0.5, -3, -1.5]) }, ['chosen', 'rejected', 'gold'], (own) => {
      const contrast = simpo<X>({ chosen: own.chosen, rejected: own.rejected }, { beta: 2, gamma: 1 });
      return tpo<X>({ contrast, gold: own.gold }, { alpha: 0.5 });
    }),
  'bradleyTerry with costTerm': () =>
    perExample({ ...ofCatalogue('bradleyTerry').rows, harmful: tensor([1, 0, 1, 1, 0]) }, ['chosen', 'rejected'], (own) => {
      const costs = { chosen: own.chosen, rejected: own.rejected };
      return ops.add<X>(bradleyTerry<X>(costs), costTerm<X>(costs, { chosen: own.harmful, rejected: own.harmful }));
    }),
  'dpo with xpoTerm': () =>
    perExample(ofCatalogue('dpo').rows, ofCatalogue('dpo').trained, (own) =>
      ops.add<X>(ofDpo(own), xpoTerm<X>(own.policyRejected, { alpha: 0.01 })),
    ),
  nashMd: () =>
    perExample({ ...tokens(), reference: ops.mul<X>(tokens().tokens, 0.75) }, ['tokens'], (own) =>
      nashMd<X>({ policy: own.tokens, reference: own.reference, mask: own.mask }, { preference: 0.75 }),
    ),
};

const countOf = (rows: Rows, trained: readonly string[]): number => ops.shape(rows[trained[0]!])[0]!;

/** The rows from `from` on; scalars stay. */
function slice(rows: Rows, from: number, count: number): Rows {
  if (count === 0) return emptied(rows);
  const isOfRows = (x: X): boolean => typeof x === 'object' && ops.shape(x).length > 0;
  return Object.fromEntries(Object.entries(rows).map(([key, x]) => [key, isOfRows(x) ? ops.slice<X>(x, from, from + count) : x]));
}

interface Measured {
  readonly value: number;
  /** One list per name of `trained`. */
  readonly grads: readonly number[][];
}

/** Value and gradients of a function of rows. A worker without rows has none. */
async function measured(f: (rows: Rows) => X, rows: Rows, trained: readonly string[]): Promise<Measured> {
  const at = (xs: readonly X[]): X => f({ ...rows, ...Object.fromEntries(trained.map((key, i) => [key, xs[i]])) });
  const own = trained.map((key) => rows[key]);
  if (countOf(rows, trained) === 0) return { value: (await read(at(own))) as number, grads: trained.map(() => []) };
  const { value, grads } = valueAndGradsOn(own[0])(at, own);
  return { value: (await read(value)) as number, grads: await Promise.all(grads.map(async (g) => flatten((await read(g)) as Values))) };
}

/** The parts of all workers, put together. */
async function inParts({ rows, trained }: Case, sizes: readonly number[], part: Case['part']): Promise<Measured> {
  const parts = await lockstep(sizes.length, async (workers) => {
    const before = sizes.slice(0, workers.rank).reduce((a, b) => a + b, 0);
    const own = slice(rows, before, sizes[workers.rank]!);
    return measured(await part(workers, own), own, trained);
  });
  return {
    value: parts.reduce((total, { value }) => total + value, 0),
    grads: trained.map((_, i) => parts.flatMap(({ grads }) => grads[i]!)),
  };
}

const largestOf = ({ grads }: Measured): number => Math.max(...grads.flat().map(Math.abs));

/** The largest difference of the gradients, relative to the largest gradient of the whole batch. */
const off = (parts: Measured, whole: Measured): number =>
  Math.max(...whole.grads.flatMap((of, i) => of.map((g, row) => Math.abs(g - parts.grads[i]![row]!)))) / largestOf(whole);

const coupled = names.filter((name) => losses[name].coupling !== 'nothing');
const casesOf = (catalogue: readonly LossName[], beside: typeof COUPLED) => [
  ...catalogue.map((name) => [name, () => ofCatalogue(name)] as const),
  ...Object.entries(beside),
];

describe('a batch on several workers', () => {
  it.each(casesOf(names, { ...COUPLED, ...PER_EXAMPLE }))('has the loss and the gradients of one process: %s', async (_, of) => {
    const one = of();
    const whole = await measured(one.whole, one.rows, one.trained);
    for (const sizes of CUTS) {
      const parts = await inParts(one, sizes, one.part);
      expectClose(parts.value, whole.value, { relative: epsilon });
      expect(off(parts, whole)).toBeLessThan(epsilon);
    }
  });

  // Controls, which show what the exchange is for.
  const [sizes] = CUTS;
  const offBy = async (one: Case, shareOfWorker: (count: number) => number): Promise<number> => {
    const ofOwnMeans: Case['part'] = (_, own) =>
      Promise.resolve((live) => ops.mul<X>(one.whole(live), shareOfWorker(countOf(own, one.trained))));
    return off(await inParts(one, sizes, ofOwnMeans), await measured(one.whole, one.rows, one.trained));
  };

  it.each(casesOf(['dpo', ...coupled], COUPLED))('has other gradients if the means of the workers are averaged: %s', async (_, of) => {
    expect(await offBy(of(), () => 1 / sizes.length)).toBeGreaterThan(1e-2);
  });

  it.each(casesOf(coupled, COUPLED))('has other gradients if the means are weighted by the numbers of rows: %s', async (_, of) => {
    expect(await offBy(of(), (count) => count / B)).toBeGreaterThan(1e-2);
  });
});
