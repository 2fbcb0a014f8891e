import * as prefloss from '../../src/index.js';
import { logRatioMargin, losses, ops, type LossName, type Nested } from '../../src/index.js';
import type { Values } from '../../src/testing/index.js';
import { batchOf, callOf } from './calls.js';
import { derivatives, flatten, read, tensor, type X } from './engine.js';
import { fileOf } from './goldens.js';
import { weight } from './samples.js';

export type Fields = Readonly<Record<string, Nested>>;
export type Options = Readonly<Record<string, X>>;

/** Every loss of the catalogue. */
export const names = Object.keys(losses) as LossName[];

/** A realistic batch of five for a loss, and options for it. */
export function sampleOf(name: LossName): { fields: Fields; options: Options } {
  const { inputs, records } = fileOf(name);
  const input = Object.keys(inputs).find((key) => key.startsWith('A_B5'))!;
  const { options } = records.find((record) => record.input === input)!;
  const used = Object.entries(inputs[input]!).filter(([key]) => isUsed(name, key));
  return { fields: { ...Object.fromEntries(used), ...(name === 'orpo' && { nll: [0.5, 1, 1.5, 0.25, 2] }) }, options };
}

/** Golden files of lists have rewards for two losses that take none; kto takes its estimate ready-made. */
const isUsed = (name: LossName, key: string): boolean =>
  !(key === 'rewards' && !(losses[name].fields as readonly string[]).includes('rewards')) && !/^kl./.test(key);

export const isListLoss = (name: LossName): boolean => losses[name].kind.toLowerCase().includes('list');

export const asTensors = (fields: Fields): Record<string, X> =>
  Object.fromEntries(Object.entries(fields).map(([key, x]) => [key, typeof x === 'number' ? x : tensor(x)]));

export const optionsOf = (options: Options): Record<string, X> =>
  Object.fromEntries(Object.entries(options).map(([key, x]) => [key, Array.isArray(x) ? tensor(x) : x]));

/** Rows of every field, and of every option that has one value per example. */
export const rowsOf = <V>(record: Readonly<Record<string, V>>, from: number, to: number): Record<string, V> =>
  Object.fromEntries(Object.entries(record).map(([key, x]) => [key, Array.isArray(x) ? (x.slice(from, to) as V) : x]));

/** The same shape with other values. */
export const refill = (x: Nested, f: (old: number) => number): Nested => (typeof x === 'number' ? f(x) : x.map((row) => refill(row, f)));

/** A batch of the loss as its caller writes it. */
export const batchFor = (name: LossName, fields: Fields): X => batchOf(losses[name].kind, asTensors(fields));

/** The fields that hold log-probs, or the rewards of `bradleyTerry`: of the policy, and of the reference. */
export const logpsOf = (fields: Fields): string[] =>
  Object.keys(fields).filter((key) => /^(policy|chosen|rejected|reference)/.test(key) && !/Lengths|Kl$|Rewards$/.test(key));

/** Those that the policy computes. */
export const trainedOf = (fields: Fields): string[] => logpsOf(fields).filter((key) => !key.startsWith('reference'));

/** A loss as a function of some of its fields. */
export const ofFields =
  (name: LossName, fields: Fields, options: Options, wrt: readonly string[]): ((...xs: X[]) => X) =>
  (...xs) =>
    callOf(name)({ ...asTensors(fields), ...Object.fromEntries(wrt.map((key, i) => [key, xs[i]])) }, optionsOf(options));

/** The values of a loss. */
export const valuesOf = async (name: LossName, fields: Fields, options: Options): Promise<number[]> =>
  flatten((await read(callOf(name)(asTensors(fields), optionsOf(options)))) as Values);

/** Values, and gradients of their sum. */
export async function summed(name: LossName, fields: Fields, options: Options, wrt: readonly string[]) {
  const f = ofFields(name, fields, options, wrt);
  const { grads } = await derivatives(
    // The weight by which `derivatives` multiplies a scalar is divided out.
    (...xs: X[]) => ops.mul(ops.sum<X>(f(...xs)), 1 / weight(0)),
    wrt.map((key) => fields[key]!),
  );
  return { loss: await valuesOf(name, fields, options), grads: grads.map((g) => flatten(g as Values)) };
}

/** Whether the model that is trained computes a field of a batch; all other fields may be plain values. */
export const isComputed = (field: string): boolean => ['policy', 'chosen', 'rejected', 'sequentialKl'].includes(field);

/** The argument that all others have the shape of. */
export const firstOf = (name: LossName): string => {
  const { kind } = losses[name];
  return kind === 'pairs' ? 'policy.chosen' : kind === 'referenceFreePairs' || kind === 'rewards' ? 'chosen' : 'policy';
};

/** The options of a loss, as the error for an unknown one lists them. */
export function optionNames(name: LossName): string[] {
  const { fields } = sampleOf(name);
  try {
    callOf(name)(asTensors(fields), { unknown: 1 });
  } catch (error) {
    const listed = (error as Error).message.split('expected ')[1]!;
    return listed === 'none' ? [] : listed.split(', ');
  }
  throw new Error(`${name} takes an unknown option`);
}

/** The sets of options in the golden file of a loss, without those that have one value per example. */
export function goldenOptions(name: LossName): Options[] {
  const sets = fileOf(name).records.map(({ options }) => Object.entries(options).filter(([, x]) => !Array.isArray(x)));
  return [...new Set(sets.map((set) => JSON.stringify(Object.fromEntries(set))))].map((set) => JSON.parse(set) as Options);
}

/** How a loss takes a statistic of the batch. */
export interface StatisticUse {
  /** The sums of a part of the batch. */
  readonly sums: (batch: X, options?: object) => X;
  /** Turns the sums of the whole batch into fields and options of the loss. */
  readonly given: (sums: X, options?: object) => { readonly fields: Record<string, X>; readonly options: Record<string, X> };
}

/** How a loss whose coupling is `'statistics'` takes its statistic. */
export function statisticUse(name: LossName): StatisticUse {
  const { fields, statistics } = losses[name];
  const takes = (field: string): boolean => (fields as readonly string[]).includes(field);
  const functions = prefloss as unknown as Readonly<Record<string, (...args: unknown[]) => X>>;
  const [sums, total] = statistics.map((one) => functions[one]!);
  if (takes('statistics')) {
    return {
      sums: (batch) => sums!(logRatioMargin<X>(batch)),
      given: (of) => {
        const { mean, std } = total!(of);
        return { fields: { mean, std }, options: {} };
      },
    };
  }
  return {
    sums: sums!,
    given: (of, options) => {
      const statistic = total!(of, ...(options ? [options] : []));
      return takes('kl') ? { fields: { kl: statistic }, options: {} } : { fields: {}, options: { delta: statistic } };
    },
  };
}

/** Log-probs of the chosen side or best candidate, and of the other side or all other candidates. */
type Sides = readonly [best: number, other: number];

/** The log-probs of one example. */
export interface Row {
  readonly policy: Sides;
  readonly reference: Sides;
}

/**
 * A batch with one example per row. Losses on single examples take the best side; the loss of a reward model takes log-ratios as scores.
 *
 * @param rewards - The rewards of the candidates of each row, best first.
 */
export function fieldsAt(name: LossName, rows: readonly Row[], rewards: (row: number) => readonly number[]): Fields {
  const { kind, fields } = losses[name];
  const takes = (field: string): boolean => (fields as readonly string[]).includes(field);
  const same = (x: number): number[] => rows.map(() => x);
  const side = (model: keyof Row, at: 0 | 1): number[] => rows.map((row) => row[model][at]);
  const list = (model: keyof Row): Nested => rows.map((row, i) => rewards(i).map((_, k) => row[model][k === 0 ? 0 : 1]));
  const score = (at: 0 | 1): number[] => rows.map(({ policy, reference }) => policy[at] - reference[at]);
  const ranked = takes('rewards') && { rewards: rows.map((_, i) => [...rewards(i)]) };
  const FIELDS: Record<typeof kind, Fields> = {
    pairs: {
      policyChosen: side('policy', 0),
      policyRejected: side('policy', 1),
      referenceChosen: side('reference', 0),
      referenceRejected: side('reference', 1),
      ...(takes('lengths') && { chosenLengths: same(20), rejectedLengths: same(20) }),
      ...(takes('sequentialKl') && { chosenKl: same(0), rejectedKl: same(0) }),
      ...(takes('rewards') && { chosenRewards: rows.map((_, i) => rewards(i)[0]!), rejectedRewards: rows.map((_, i) => rewards(i)[1]!) }),
      ...(takes('tie') && { tie: rows.map((_, i) => i % 2) }),
      ...(takes('statistics') && { mean: 0, std: 1 }),
    },
    referenceFreePairs: { chosen: side('policy', 0), rejected: side('policy', 1) },
    examples: {
      policy: side('policy', 0),
      reference: side('reference', 0),
      desirable: rows.map((_, i) => i % 2),
      ...(takes('kl') && { kl: 0 }),
    },
    completions: {
      policy: side('policy', 0),
      reference: side('reference', 0),
      ...(takes('target') && { target: same(0.5) }),
      ...(takes('quantile') && { quantile: same(0.75) }),
    },
    referenceFreeCompletions: { policy: side('policy', 0) },
    lists: { policy: list('policy'), reference: list('reference'), ...ranked },
    referenceFreeLists: { policy: list('policy'), ...ranked },
    rewards: { chosen: score(0), rejected: score(1) },
  };
  return FIELDS[kind];
}
