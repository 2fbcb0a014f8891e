import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  anchor,
  aot,
  apoZero,
  backendOf,
  dpo,
  hinge,
  ipo,
  kto,
  logRatioMargin,
  lossNamed,
  losses,
  npo,
  ops,
  orpo,
  plackettLuce,
  rrhf,
  simNpo,
  type LossName,
  type Pair,
  type PairLogps,
} from '../../src/index.js';
import { checkLoss, expectClose, type CheckLossOptions } from '../../src/testing/index.js';
import { mapLeaves } from '../../src/testing/leaves.js';
import { SAMPLES } from '../../src/testing/lossInputs.js';
import { claims, LARGEST_LOGP, type Claim } from '../../tools/docs/claims.js';
import { checkedCall } from '../../tools/docs/checked.js';
import { ints, isArrays, isReadable, liveTensors, tensor, type X, isTfjs, engineName } from '../support/engine.js';
import { pairLogps } from '../support/samples.js';

const names = Object.keys(losses) as LossName[];

/** All differences of numbers in lists, and the numbers. */
const withDifferences = (values: readonly number[]): number[] => [
  ...values,
  ...values.flatMap((a, i) => values.slice(i + 1).map((b) => a - b)),
];

it('the samples have no margin near a multiple of 1/2, where losses have kinks', () => {
  const { pairs, lists, referenceFreeLists, rewards } = SAMPLES as unknown as {
    readonly pairs: { readonly policy: Pair<number[]>; readonly reference: Pair<number[]> };
    readonly lists: { readonly policy: number[][]; readonly reference: number[][] };
    readonly referenceFreeLists: { readonly policy: number[][] };
    readonly rewards: Pair<number[]>;
  };
  const ratios = (side: 'chosen' | 'rejected') => pairs.policy[side].map((x, i) => x - pairs.reference[side][i]!);
  const margins = [
    ...ratios('chosen').flatMap((x, i) => withDifferences([x, ratios('rejected')[i]!])),
    ...pairs.policy.chosen.map((x, i) => x - pairs.policy.rejected[i]!),
    ...lists.policy.flatMap((row, i) => withDifferences(row.map((x, j) => x - lists.reference[i]![j]!))),
    ...referenceFreeLists.policy.flatMap((row) => withDifferences(row).slice(row.length)),
    ...rewards.chosen.map((x, i) => x - rewards.rejected[i]!),
  ];
  expect(margins.length).toBeGreaterThan(50);
  expect(margins.filter((x) => Math.abs(2 * x - Math.round(2 * x)) < 0.15)).toEqual([]);
});

it('a margin that is clipped at a round number is no problem', async () => {
  for (const cap of [0.5, 1, 1.5, 2, 3, 4, 5, 10]) {
    const capped = <T>(logps: PairLogps<T>): T =>
      ops.scope(logps.policy.chosen, () => ops.softplus(ops.neg(ops.minimum(logRatioMargin(logps), cap))));
    expect((await checkLoss(capped, 'pairs')).problems).toEqual([]);
  }
});

interface Beta {
  readonly beta: number;
}

/** DPO of a margin, as a user would write it. */
const logistic = (like: X, margin: () => X): X => ops.scope(like, () => ops.softplus(ops.neg(margin())));
const marginOf = ({ policy, reference }: PairLogps<X>): X => logRatioMargin<X>({ policy, reference });

/** Losses that are wrong, and all problems of each. */
const WRONG: Readonly<Record<string, readonly [loss: (batch: PairLogps<X>, options: Beta) => unknown, ...problems: RegExp[]]>> = {
  'the sign is flipped': [
    (x, { beta }) => ops.scope(x.policy.chosen, () => ops.logSigmoid(ops.mul(marginOf(x), beta))),
    /^direction: where the policy is behind, the loss rises as policy.chosen rises and policy.rejected falls, expected it to fall$/,
    /^direction: .* as reference.chosen falls and reference.rejected rises/,
  ],
  'the sides are exchanged': [
    ({ policy, reference }, { beta }) => {
      const exchange = ({ chosen, rejected }: Pair<X>): Pair<X> => ({ chosen: rejected, rejected: chosen });
      return dpo<X>({ policy: exchange(policy), reference: exchange(reference) }, { beta });
    },
    /^direction: .* as policy.chosen rises/,
    /^direction: .* as reference.chosen falls/,
  ],
  'the sides of the reference are exchanged': [
    ({ policy, reference }, { beta }) =>
      dpo<X>({ policy, reference: { chosen: reference.rejected, rejected: reference.chosen } }, { beta }),
    /^direction: .* as reference.chosen falls/,
    /^reference: where policy = reference, the loss depends on the log-probs/,
  ],
  'beta is dropped': [(x) => logistic(x.policy.chosen, () => marginOf(x)), /^unused: option beta changes nothing$/],
  'beta scales the policy alone': [
    ({ policy, reference }, { beta }) =>
      logistic(policy.chosen, () =>
        ops.sub(ops.mul(ops.sub(policy.chosen, policy.rejected), beta), ops.sub(reference.chosen, ops.mul(reference.rejected, beta))),
      ),
    /^reference: where policy = reference, the loss depends on the log-probs: it is .* and .*$/,
  ],
  'the reference is ignored': [
    ({ policy }, { beta }) => logistic(policy.chosen, () => ops.mul(ops.sub(policy.chosen, policy.rejected), beta)),
    /^reference: where policy = reference, the loss depends on the log-probs: it is 0.6931 and /,
    /^unused: reference.chosen changes nothing$/,
    /^unused: reference.rejected changes nothing$/,
  ],
  'the mean is taken inside': [
    (x, { beta }) => ops.scope(x.policy.chosen, () => ops.mean(dpo<X>(x, { beta }))),
    /^call: it returns shape \[\], expected \[\d\], one value per row: leave the mean to the caller$/,
  ],
  'it is divided by the size of the batch': [
    (x, { beta }) => ops.scope(x.policy.chosen, () => ops.div(dpo<X>(x, { beta }), ops.shape(x.policy.chosen)[0]!)),
    /^rows: the loss of a row depends on the rest of the batch$/,
  ],
  'the margin is centred': [
    (x, { beta }) =>
      logistic(x.policy.chosen, () => ops.mul(ops.sub(marginOf(x), ops.mul(ops.mean<X>(ops.stopGradient(marginOf(x))), 0.5)), beta)),
    /^rows: /,
  ],
  'the policy is detached': [
    ({ policy, reference }, { beta }) =>
      ops.scope(policy.chosen, () =>
        dpo<X>({ policy: { chosen: ops.stopGradient(policy.chosen), rejected: policy.rejected }, reference }, { beta }),
      ),
    /^detached: no gradient reaches policy.chosen, on which the loss depends$/,
  ],
  'exp overflows': [
    (x, { beta }) => ops.scope(x.policy.chosen, () => ops.log(ops.add(1, ops.exp(ops.mul(marginOf(x), -beta))))),
    /^finite: it is Infinity( on tensorflow.js)? at policy.chosen .*, policy.rejected .*, reference.chosen .*, reference.rejected .*$/,
  ],
  'it branches on values': [
    (x, { beta }) => ((x.policy.chosen[0] as number) > -10 ? dpo<X>(x, { beta }) : dpo<X>(x, { beta: 2 * beta })),
    /^call: it reads values of policy.chosen, expected only operations of ops: values are not known on a GPU$/,
  ],
  'it reads values back': [
    (x, { beta }) => (x.policy.chosen.dataSync()[0] > -10 ? dpo<X>(x, { beta }) : dpo<X>(x, { beta: 2 * beta })),
    /^call: it uses .dataSync of policy.chosen, expected only operations of ops: values are not known on a GPU$/,
  ],
  'it reads values through its engine': [
    (x, { beta }) => dpo<X>(x, { beta: backendOf<X>(x.policy.chosen).peek(x.policy.chosen)![0]! > -10 ? beta : 2 * beta }),
    /^call: where values cannot be read, as on a GPU, it throws TypeError: Cannot read properties of undefined/,
  ],
  'it leaks': [
    (x, { beta }) => ops.softplus(ops.mul(marginOf(x), -beta)),
    /^leak: it leaves 2 tensors besides its result, expected 0: run it in ops.scope$/,
  ],
  'it returns its argument': [
    ({ policy }) => policy.rejected,
    /^reference: /,
    /^unused: policy.chosen/,
    /^unused: reference.chosen/,
    /^unused: reference.rejected/,
    /^unused: option beta/,
    /^leak: its result is one of its arguments or is freed, expected a tensor of its own$/,
  ],
  'it has the wrong rank': [
    (x, { beta }) => ops.scope(x.policy.chosen, () => ops.reshape(dpo<X>(x, { beta }), [...ops.shape(x.policy.chosen), 1])),
    /^call: it returns shape \[\d, 1\], expected \[\d\], one value per row$/,
  ],
  'it returns a promise': [
    async (x, { beta }) => dpo<X>(x, { beta: (await x.policy.chosen.data())[0] * beta }),
    /^call: it returns a promise, expected a tensor: a loss is synchronous$/,
  ],
  'it returns a number': [() => 0, /^call: it returns a number, expected a tensor$/],
  'it throws': [(x) => dpo<X>(x, { beta: -1 }), /^call: it throws RangeError: dpo: beta must be finite and > 0, got -1$/],
  'it is written in tf.*': [
    ({ policy }) => tf.softplus(tf.sub(policy.rejected, policy.chosen)),
    /^call: it gives a tensor to another library, expected only operations of ops: Argument 'a' passed to 'sub' must be a Tensor/,
  ],
};

/** The batch with its lists as tensors; labels stay floats, as on arrays. */
const onEngine = (batch: object): object => mapLeaves(batch, (x) => (typeof x === 'number' ? x : tensor(x as number[]))) as object;

const checkPairs = (loss: (batch: never, options: never) => unknown, options: CheckLossOptions = {}) =>
  checkLoss(loss, isArrays ? 'pairs' : pairLogps(), options);

describe('checkLoss', () => {
  it.each(Object.entries(WRONG))('finds that %s', async (_, [loss, ...expected]) => {
    const { problems } = await checkPairs(loss, { options: { beta: 0.1 } });
    expect(problems).toEqual(expected.map((line) => expect.stringMatching(line) as string));
  });

  it.skipIf(isArrays)('finds a gradient that is wrong on the engine', async () => {
    const wrong = (x: PairLogps<X>): X =>
      ops.scope(x.policy.chosen, () => (Array.isArray(x.policy.chosen) ? dpo<X>(x) : ops.mul(ops.stopGradient(dpo<X>(x)), dpo<X>(x))));
    const { problems } = await checkPairs(wrong);
    expect(problems).toContainEqual(expect.stringMatching(/^gradient: the value is .* on the engine, .* on arrays/));
  });

  // Infinities on WebGPU and WebGL are unspecified.
  it.runIf(isReadable)('finds a gradient that is not finite where the value is', async () => {
    const wrong = ({ policy }: PairLogps<X>): X =>
      ops.scope(policy.chosen, () => ops.div(policy.rejected, ops.add(1, ops.exp(ops.abs(policy.chosen)))));
    const { problems } = await checkPairs(wrong);
    expect(problems).toContainEqual(
      expect.stringContaining(`finite: its gradient by policy.chosen is NaN on ${engineName} at policy.chosen -100`),
    );
  });

  it.runIf(isTfjs)('leaves no tensor behind, whatever the loss does', async () => {
    const batch = pairLogps();
    const before = liveTensors();
    for (const [loss] of Object.values(WRONG)) await checkLoss(loss, batch, { options: { beta: 0.1 } });
    expect(liveTensors()).toBe(before);
  });

  // The statements of docs/contract.md that the report shows, and that every exception is one.
  it.each(names)('reports of %s what the contract says', async (name) => {
    const { batch, options } = checkedCall(name);
    const { problems, properties } = await checkLoss(lossNamed(name).loss, onEngine(batch), options);
    const has = ({ exceptions }: Claim): boolean => name in exceptions;
    const checks = [
      ...(has(claims.direction) ? ['direction'] : []),
      ...(has(claims.reference) ? ['reference'] : []),
      ...(has(claims.parts) ? ['rows'] : []),
    ];
    expect([...new Set(problems.map((line) => line.split(':')[0]))]).toEqual(checks);
    expect(properties).toMatchObject({ kind: losses[name].kind, isPerRow: !has(claims.parts), finiteTo: LARGEST_LOGP, leaked: 0 });
    const gradients = Object.values(properties!.inputs).map(({ gradient }) => gradient);
    expect(gradients.some((gradient) => gradient !== 'passes')).toBe(has(claims.gradients));
  });

  it('reports value and slopes where policy and reference agree, and on both sides of that', async () => {
    const { properties } = await checkLoss(dpo, 'pairs', { options: { beta: 0.1 } });
    const { loss, inputs } = properties!;
    expectClose(loss.level, Math.LN2);
    for (const [name, sign] of [
      ['policy.chosen', -1],
      ['policy.rejected', 1],
      ['reference.chosen', 1],
      ['reference.rejected', -1],
    ] as const) {
      expectClose(inputs[name]!.slope.level, sign * 0.05, { relative: 1e-8 });
      expect(inputs[name]!.slope.behind * sign).toBeGreaterThan(0.08);
      expect(inputs[name]!.slope.ahead * sign).toBeLessThan(0.02);
    }
    // IPO pulls the margin back to its target.
    expect((await checkLoss(ipo, 'pairs')).properties!.inputs['policy.chosen']!.slope.ahead).toBeGreaterThan(0);
  });

  it('reports what a loss has in common with dpo', async () => {
    const alike = async (loss: (batch: never, options: never) => unknown, beta = 0.1) => {
      const { properties } = await checkLoss(loss, 'pairs', { options: { beta } });
      return [properties!.ignoresShift, properties!.exchangesLikeDpo, properties!.scalesLikeDpo];
    };
    expect(await alike(dpo)).toEqual([true, true, true]);
    expect(await alike(hinge)).toEqual([true, false, true]);
    expect(await alike(ipo)).toEqual([true, true, false]);
    expect(await alike(apoZero)).toEqual([false, false, true]);
    const { properties } = await checkLoss(kto, checkedCall('kto').batch);
    expect([properties!.ignoresShift, properties!.exchangesLikeDpo, properties!.scalesLikeDpo]).toEqual([null, null, null]);
  });

  it('leaves the second argument to its default if there are no options', async () => {
    const scaled = <T>({ chosen, rejected }: Pair<T>, beta = 0.1): T =>
      ops.scope(chosen, () => ops.softplus(ops.mul(ops.sub(rejected, chosen), beta)));
    expect((await checkLoss(scaled, 'referenceFreePairs')).problems).toEqual([]);
  });

  it('tells how far a loss is finite', async () => {
    // e^h overflows float64 from h = 710.
    const plain = ({ policy, reference }: PairLogps<X>): X =>
      ops.scope(policy.chosen, () => ops.log(ops.add(1, ops.exp(ops.neg(marginOf({ policy, reference }))))));
    const { problems, properties } = await checkLoss(plain, 'pairs');
    expect(properties!.finiteTo).toBe(100);
    expect(problems).toEqual([
      'finite: it is Infinity at policy.chosen -1000, policy.rejected 0, reference.chosen 0, reference.rejected 0',
    ]);
  });

  it('accepts a batch of any kind, and options per row', async () => {
    const { problems, properties } = await checkLoss(orpo, onEngine({ chosen: [-1, -2, -1.5], rejected: [-1.2, -1.7, -3] }));
    expect([problems, properties!.kind]).toEqual([[], 'referenceFreePairs']);
    const lists = { policy: [[-1, -2], [-4, -3]], reference: [[-2, -2], [-3, -3.5]] }; // prettier-ignore
    expect((await checkLoss(plackettLuce, onEngine({ ...lists, mask: [[1, 1], [1, 0]] }))).properties!.kind).toBe('lists'); // prettier-ignore
    expect((await checkLoss(rrhf, onEngine({ policy: lists.policy, rewards: [[1, 0], [0, 1]] }))).properties!.kind).toBe('referenceFreeLists'); // prettier-ignore
    const completions = { policy: [-3, -4, -6], reference: [-4, -3, -5] };
    expect((await checkLoss(npo, onEngine(completions))).properties!.kind).toBe('completions');
    expect((await checkLoss(simNpo, onEngine({ policy: [-3, -4, -6] }), { options: { gamma: 0 } })).properties!.kind).toBe('referenceFreeCompletions'); // prettier-ignore
    expect((await checkLoss(hinge, onEngine({ policy: { chosen: [-1, -2], rejected: [-3, -1] } }))).problems).toEqual([]);
    const labels = isArrays ? [1, 0, 1] : ints([1, 0, 1]);
    const examples = { ...(onEngine({ policy: [-3, -4, -6], reference: [-4, -3, -5], kl: 0.5 }) as { policy: X; reference: X; kl: number }), desirable: labels }; // prettier-ignore
    expect((await checkLoss(kto, examples)).problems).toEqual([]);
  });

  it('accepts plain values next to tensors', async () => {
    const examples = { policy: tensor([-3, -4, -6]), reference: new Float32Array([-4, -3, -5]), desirable: [true, false, true], kl: 0.5 };
    const report = await checkLoss(kto, examples, { options: { beta: [0.1, 0.2, 0.5] } });
    expect(report.problems).toEqual([]);
    expect(report.properties).toMatchObject({ engine: engineName, isPerRow: true });
    expect(String(report)).toContain('kind examples, beta 0.1,0.2,0.5, engine ');
  });

  it('leaves out the problems that are intended', async () => {
    expect((await checkLoss(aot, 'pairs', { allow: ['rows'] })).problems).toEqual([]);
  });

  it('takes no direction of single completions for the right one', async () => {
    for (const loss of [npo, anchor]) {
      const { problems, properties } = await checkLoss(loss, 'completions', { options: { beta: 0.1 } });
      expect(problems).toEqual([]);
      expect([properties!.ignoresShift, properties!.exchangesLikeDpo]).toEqual([null, null]);
      expect(properties!.inputs.policy!.slope.level).toBe(-properties!.inputs.reference!.slope.level);
    }
  });

  it('reports in text and in JSON', async () => {
    const report = await checkLoss(hinge, 'pairs', { options: { beta: 0.25 } });
    expect(String(report).split('\n')).toEqual([
      'hinge: no problems',
      'kind pairs, beta 0.25, engine arrays',
      '                             behind  level  ahead  gradient',
      expect.stringMatching(/^loss {25}6\.\d+ {4}1 {6}0$/),
      'slope by policy.chosen       -0.25   -0.25  0      passes',
      'slope by policy.rejected     0.25    0.25   0      passes',
      'slope by reference.chosen    0.25    0.25   0      passes',
      'slope by reference.rejected  -0.25   -0.25  0      passes',
      'a constant added to the policy changes nothing: yes, like DPO',
      'exchanging the sides adds a multiple of the margin: no, unlike DPO',
      'depends on beta times the log-ratios only: yes, like DPO',
      'each row on its own: yes',
      'finite up to 1e5',
      'gradients of the engine differ by less than 1e-8',
      '7 operations, 0 tensors left',
    ]);
    expect(JSON.parse(JSON.stringify(report))).toEqual({ name: 'hinge', problems: [], properties: report.properties });
    const broken = await checkLoss(() => 0, 'pairs');
    expect(String(broken)).toBe('loss: 1 problem\n- call: it returns a number, expected a tensor');
    expect(JSON.parse(JSON.stringify(broken))).toEqual({ name: 'loss', problems: ['call: it returns a number, expected a tensor'], properties: null }); // prettier-ignore
  });

  it('counts operations and tensors without a scope', async () => {
    const loss = ({ chosen, rejected }: Pair<X>): X => ops.softplus(ops.sub(rejected, chosen));
    const { properties } = await checkLoss(loss, 'referenceFreePairs');
    expect([properties!.operations, properties!.leaked]).toEqual([2, 1]);
    const scoped = (x: Pair<X>): X => ops.scope(x.chosen, () => ops.scope(x.chosen, () => loss(x)));
    expect((await checkLoss(scoped, 'referenceFreePairs')).properties).toMatchObject({ operations: 2, leaked: 0 });
  });

  it('refuses what is no batch', async () => {
    const fails = async (sample: unknown, options: unknown, error: Error, loss: unknown = dpo) => {
      await expect(checkLoss(loss as typeof dpo, sample as object, options as CheckLossOptions)).rejects.toThrow(error);
    };
    const kinds =
      '"pairs", "referenceFreePairs", "examples", "completions", "referenceFreeCompletions", "lists", "referenceFreeLists", "rewards"';
    await fails('pairs', {}, new TypeError('checkLoss: loss is null, expected a function'), null);
    await fails('pair', {}, new RangeError(`checkLoss: kind must be one of ${kinds}, got "pair"`));
    await fails({ chosen: [1, 2] }, { kind: 'pair' }, new RangeError(`checkLoss: kind must be one of ${kinds}, got "pair"`));
    await fails(3, {}, new TypeError('checkLoss: sample is a number, expected a batch or the name of a kind'));
    await fails({ a: [1, 2] }, {}, new TypeError('checkLoss: the batch has a, expected policy, or chosen and rejected'));
    await fails({}, {}, new TypeError('checkLoss: the batch has no fields, expected policy, or chosen and rejected'));
    await fails({ chosen: [1, 2] }, { kind: 'examples' }, new TypeError('checkLoss: the batch lacks policy, reference, which losses of kind examples take')); // prettier-ignore
    await fails({ chosen: [1], rejected: [2] }, {}, new RangeError('checkLoss: chosen has shape [1], expected at least two rows'));
    await fails({ chosen: ['a'] }, {}, new TypeError('checkLoss: chosen: a list holds "a", expected numbers'));
    await fails('pairs', { allow: ['all'] }, new RangeError('checkLoss: allow must be one of "direction", "reference", "rows", "unused", "detached", "finite", "gradient", "leak", got "all"')); // prettier-ignore
    await fails('pairs', { beta: 1 }, new RangeError('checkLoss: unknown option beta, expected options, kind, allow'));
  });
});
