// What each loss is drawn along, with everything else fixed: for the plots of the documentation and the playground.
import { losses, ops, type LossBatch, type LossKind, type LossName } from '../../src/core.js';

/** An input of losses, as an x axis. */
export interface Axis {
  readonly label: string;
  readonly domain: readonly [number, number];
  /** Log-prob, or log-ratio, halfway between the two sides of a pair; undefined where there are no two sides. */
  readonly level?: number;
  /** Returns a batch of one row for `x`, of shape `[1]`. */
  readonly batch: <T>(x: T, level?: number) => LossBatch<T>;
}

const ZERO = { chosen: [0], rejected: [0] };

/** The two sides of a pair whose difference is `x`. */
const sides = <T>(x: T, level: number) => {
  const half = ops.div(x, 2);
  return { chosen: ops.add(half, level), rejected: ops.sub(level, half) };
};

/** Pairs without a reference. */
const free = (label: string, reach: number, level: number): Axis => ({
  label,
  domain: [-reach, reach],
  level,
  batch: (x, at = level) => sides(x, at),
});
const SUMS = 'chosen - rejected, nats';
const FREE_SUMS = free(SUMS, 60, -100);
const FREE_MEANS = free('chosen - rejected, nats per token', 3, -2);

/** Three candidates, of which the first has the value `x`. */
const first = <T>(x: T, others: number): T => ops.add(ops.mul(ops.reshape<T>(x, [1, 1]), [[1, 0, 0]]), [[0, others, others]]);

const AXES: Readonly<Record<LossKind, Axis>> = {
  pairs: {
    label: 'margin of log-ratios, nats',
    domain: [-60, 60],
    level: 0,
    batch: (x, level = 0) => ({ policy: sides(x, level), reference: ZERO }),
  },
  referenceFreePairs: FREE_MEANS,
  examples: {
    label: 'log-ratio of the example, nats',
    domain: [-60, 60],
    batch: (x) => ({ policy: x, reference: [0] }),
  },
  completions: {
    label: 'log-ratio of the completion, nats',
    domain: [-60, 60],
    batch: (x) => ({ policy: x, reference: [0] }),
  },
  referenceFreeCompletions: {
    label: 'log-prob of the completion, nats per token',
    domain: [-5, 0],
    batch: (x) => ({ policy: x }),
  },
  lists: {
    label: 'log-ratio of the best candidate, others 0, nats',
    domain: [-60, 60],
    batch: (x) => ({ policy: first(x, 0), reference: [[0, 0, 0]] }),
  },
  referenceFreeLists: {
    label: 'log-prob of the best candidate, others -2',
    domain: [-5, 0],
    batch: (x) => ({ policy: first(x, -2) }),
  },
  rewards: {
    label: 'chosen - rejected reward',
    domain: [-6, 6],
    level: 0,
    batch: (x, level = 0) => sides(x, level),
  },
};

/** Returns what a loss is drawn along. */
export function axisOf(name: LossName): Axis {
  const { kind, logps } = losses[name];
  if (name === 'slic') return free(SUMS, 3, -2); // its kink is at 1 nat
  if (name === 'fDpo') return { ...AXES.pairs, domain: [-6, 6] }; // it has exponentials of log-ratios
  if (kind === 'pairs' && logps === 'mean') return { ...AXES.pairs, label: 'margin of log-ratios, nats per token', domain: [-3, 3] };
  return kind === 'referenceFreePairs' && logps === 'sum' ? FREE_SUMS : AXES[kind];
}

/** Values of batch fields that only some losses have. */
const FIELDS: Readonly<Record<string, unknown>> = {
  kl: 0,
  lengths: { chosen: [30], rejected: [30] },
  nll: 0,
  quantile: [0.75],
  rewards: [[2, 1, 0]],
  sequentialKl: ZERO,
  target: [0.5],
  statistics: { mean: 0, std: 1 },
  tie: [0],
};

/** Values of fields that are something else for pairs than for lists. */
const PAIR_FIELDS = { rewards: { chosen: [2], rejected: [0] } };

/** Returns the values of the batch fields that only some losses have, for this one. */
export function fieldsOf(name: LossName): Record<string, unknown> {
  const { kind, fields } = losses[name];
  return pick(kind === 'pairs' ? { ...FIELDS, ...PAIR_FIELDS } : FIELDS, fields, 'FIELDS');
}

/** Values of options that have no default. */
export const REQUIRED: Readonly<Record<string, unknown>> = { alpha: 0.1, beta: 2, gamma: 0.5, lambda: 0.75 };

/** Returns the values of `names`, all of which `table` must contain. */
export const pick = (table: Readonly<Record<string, unknown>>, names: readonly string[], what: string): Record<string, unknown> =>
  Object.fromEntries(
    names.map((name) => {
      if (!(name in table)) throw new Error(`tools/docs/axes.ts: ${what} lacks a value for ${name}`);
      return [name, table[name]];
    }),
  );
