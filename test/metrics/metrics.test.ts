import { describe, expect, it } from 'vitest';
import {
  dpoGradientWeight,
  implicitRewards,
  levanterMetrics,
  MetricAverage,
  pairMetrics,
  readMetrics,
  unpairedMetrics,
} from '../../src/index.js';
import golden from '../goldens/metrics.json' with { type: 'json' };
import {
  epsilon,
  expectError,
  expectNoLeak,
  expectValues,
  isArrays,
  isReadable,
  liveTensors,
  read,
  tensor,
  type X,
} from '../support/engine.js';
import { delta, fromFour, pair, pairLogps, sample, sigmoid, softplus } from '../support/samples.js';
import { expectClose } from '../../src/testing/index.js';

/** Asserts a record of metrics: the same names, and values relative to the log-probs that go into them. */
function expectMetrics(actual: Record<string, number>, expected: Record<string, number>): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const name of Object.keys(expected)) expectClose(actual[name]!, expected[name]!, { relative: epsilon, absolute: 400 * epsilon });
}

type Fields = Record<string, number[]>;
const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;
const rewards = (side: 'chosen' | 'rejected', beta = 0.1) => sample.policy[side].map((p, i) => beta * (p - sample.reference[side][i]!));

const records = golden.records.filter((r) => !r.input.endsWith('logits')).map((r) => [`${r.source} on ${r.input}`, r] as const);

describe.each(records)('%s', (_, record) => {
  const x = (golden.inputs as unknown as Record<string, Fields>)[record.input]!;
  const { loss, beta } = record.options;
  const wanted = record.outputs.metrics as Record<string, number>;

  it.runIf(loss === 'dpo')('gives the metrics of its pairs', async () => {
    const logps = fromFour(tensor(x.policyChosen!), tensor(x.policyRejected!), tensor(x.referenceChosen!), tensor(x.referenceRejected!));
    const levanter = Object.keys(wanted).some((name) => name.startsWith('dpo_'));
    const metrics = levanter ? levanterMetrics<X>(logps, { beta }) : pairMetrics<X>(logps, { beta });
    expectMetrics(await readMetrics(metrics), wanted);
  });

  it.runIf(loss === 'kto')('gives the metrics of its examples', async () => {
    const batch = { policy: tensor(x.policy!), reference: tensor(x.reference!), desirable: tensor(x.desirable!) };
    const metrics = await readMetrics(unpairedMetrics<X>(batch, { beta }));
    const own = Object.fromEntries(Object.entries(metrics).filter(([name]) => !name.startsWith('count/')));
    expectMetrics(own, Object.fromEntries(Object.entries(wanted).filter(([name]) => name !== 'kl')));
  });
});

describe('pairMetrics', () => {
  it("has TRL's names and meanings", async () => {
    const [chosen, rejected] = [rewards('chosen'), rewards('rejected')];
    expectMetrics(await readMetrics(pairMetrics<X>(pairLogps())), {
      'rewards/chosen': mean(chosen),
      'rewards/rejected': mean(rejected),
      'rewards/margins': mean(delta) * 0.1,
      'rewards/accuracies': 1 / 3,
      'logps/chosen': mean(sample.policy.chosen),
      'logps/rejected': mean(sample.policy.rejected),
    });
  });

  it('counts a tie 0, or one half by name', async () => {
    const same = pairLogps({ policy: sample.policy, reference: sample.policy });
    expectMetrics({ a: (await readMetrics(pairMetrics<X>(same)))['rewards/accuracies']! }, { a: 0 });
    expectMetrics({ a: (await readMetrics(pairMetrics<X>(same, { ties: 'half' })))['rewards/accuracies']! }, { a: 0.5 });
  });

  it('without a reference, rewards are beta times the log-probs', async () => {
    const metrics = await readMetrics(pairMetrics<X>({ policy: pair(sample.policy) }, { beta: 2 }));
    expectMetrics({ a: metrics['rewards/chosen']!, b: metrics['rewards/accuracies']! }, { a: 2 * mean(sample.policy.chosen), b: 2 / 3 });
  });

  it('leaks nothing, and names bad input', () => {
    const x = pairLogps();
    expectNoLeak(() => pairMetrics(x), 6);
    expectError(() => pairMetrics(x, { beta: 0 }), RangeError, 'pairMetrics: beta must be finite and > 0, got 0');
    expectError(() => pairMetrics(x, { ties: 'win' } as never), RangeError, 'pairMetrics: ties must be one of "zero", "half", got "win"');
    expectError(() => pairMetrics({} as never), TypeError, 'pairMetrics: logps lacks policy, expected { policy }');
    const one = tensor([1]);
    expectError(
      () => pairMetrics({ policy: { ...x.policy, rejected: one } }),
      RangeError,
      'pairMetrics: policy.rejected has shape [1], expected [3] like policy.chosen',
    );
  });
});

describe('levanterMetrics', () => {
  it("has Levanter's names and meanings", async () => {
    const margin = (side: typeof sample.policy) => mean(side.chosen.map((c, i) => c - side.rejected[i]!));
    expectMetrics(await readMetrics(levanterMetrics<X>(pairLogps(), { beta: 0.5 })), {
      dpo_loss: mean(delta.map((d) => softplus(-0.5 * d))),
      dpo_margin_policy: margin(sample.policy),
      dpo_margin_ref: margin(sample.reference),
      dpo_accuracy: 1 / 3,
      dpo_chosen_reward: mean(rewards('chosen', 0.5)),
      dpo_rejected_reward: mean(rewards('rejected', 0.5)),
    });
  });

  it('leaks nothing, and names bad input', () => {
    const x = pairLogps();
    expectNoLeak(() => levanterMetrics(x), 6);
    expectError(() => levanterMetrics(x, { beta: -1 }), RangeError, 'levanterMetrics: beta must be finite and > 0, got -1');
    expectError(
      () => levanterMetrics({ policy: x.policy } as never),
      TypeError,
      'levanterMetrics: logps lacks reference, expected { policy, reference }',
    );
  });
});

describe('unpairedMetrics', () => {
  const batch = (desirable: number[]) => ({ policy: tensor([-1, -2, -4]), reference: tensor([-2, -2, -2]), desirable: tensor(desirable) });

  it('are sums and counts, which readMetrics divides', async () => {
    expectMetrics(await readMetrics(unpairedMetrics<X>(batch([1, 1, 0]))), {
      'rewards/chosen': 0.05,
      'rewards/rejected': -0.2,
      'rewards/margins': 0.25,
      'logps/chosen': -1.5,
      'logps/rejected': -4,
      'count/chosen': 2,
      'count/rejected': 1,
    });
  });

  it('leave out a class that is absent', async () => {
    expectMetrics(await readMetrics(unpairedMetrics<X>(batch([1, 1, 1]), { beta: 1 })), {
      'rewards/chosen': -1 / 3,
      'logps/chosen': -7 / 3,
      'count/chosen': 3,
    });
    expectMetrics(await readMetrics(unpairedMetrics<X>(batch([0, 0, 0]), { beta: 1 })), {
      'rewards/rejected': -1 / 3,
      'logps/rejected': -7 / 3,
      'count/rejected': 3,
    });
  });

  it('leak nothing, and name bad input', () => {
    const x = batch([1, 0, 1]);
    expectNoLeak(() => unpairedMetrics(x), 6);
    const two = tensor([1, 0]);
    expectError(
      () => unpairedMetrics({ ...x, desirable: two }),
      RangeError,
      'unpairedMetrics: desirable has shape [2], expected [3] like policy',
    );
    expectError(() => unpairedMetrics(x, { beta: NaN }), RangeError, 'unpairedMetrics: beta must be finite and > 0, got NaN');
    expectError(
      () => unpairedMetrics({ policy: x.policy } as never),
      TypeError,
      'unpairedMetrics: batch lacks reference, expected { policy, reference, desirable }',
    );
  });

  it.runIf(isReadable)('name a label that is neither 0 nor 1', () => {
    const x = batch([1, 2, 0]);
    expectError(() => unpairedMetrics(x), RangeError, 'unpairedMetrics: value 1 of desirable must be 0 or 1, got 2');
  });

  it.skipIf(isReadable)('count such an example as NaN where it cannot be read', async () => {
    expect((await readMetrics(unpairedMetrics<X>(batch([1, 2, 0]))))['count/chosen']).toBeNaN();
  });
});

describe('readMetrics', () => {
  it('reads scalars of the engine and plain numbers, and frees what it made', async () => {
    const metrics = { a: tensor(1.5), b: 2, c: tensor(-3) };
    const before = liveTensors();
    expect(await readMetrics(metrics)).toEqual({ a: 1.5, b: 2, c: -3 });
    expect(liveTensors()).toBe(before);
    expect(await readMetrics({})).toEqual({});
  });

  it('leaves sums without a count alone, and a margin that is given', async () => {
    expect(await readMetrics({ tokens_sum: 7, 'rewards/chosen': 2, 'rewards/rejected': 1, 'rewards/margins': 9 })).toEqual({
      tokens_sum: 7,
      'rewards/chosen': 2,
      'rewards/rejected': 1,
      'rewards/margins': 9,
    });
  });

  it('names what is not a scalar', async () => {
    await expect(readMetrics({ ok: 1, loss: tensor([1, 2]) })).rejects.toThrow(
      new RangeError('readMetrics: loss has shape [2], expected rank 0'),
    );
    await expect(readMetrics({ loss: 'x' })).rejects.toThrow(
      new TypeError('readMetrics: loss is not a tensor: no registered engine owns "x"'),
    );
  });

  // Lists cannot be disposed.
  it.skipIf(isArrays)('names a disposed tensor', async () => {
    const loss = tensor(1);
    loss.dispose();
    await expect(readMetrics({ loss })).rejects.toThrow(new TypeError('readMetrics: loss is disposed'));
  });
});

describe('MetricAverage', () => {
  it('weighs means by batch size', async () => {
    const average = new MetricAverage();
    expect(average.result()).toEqual({});
    await average.add({ loss: tensor(1) }, 3);
    await average.add({ loss: tensor(2), extra: 5 }, 1);
    expect(average.result()).toEqual({ loss: 1.25, extra: 5 });
    average.reset();
    expect(average.result()).toEqual({});
  });

  it('of unequal parts equals that of the whole, also where a part lacks a class', async () => {
    const policy = [-1, -2, -4, -8, -16];
    const reference = [-2, -2, -2, -2, -2];
    const desirable = [1, 1, 0, 1, 0];
    const part = (from: number, to: number) =>
      unpairedMetrics<X>({
        policy: tensor(policy.slice(from, to)),
        reference: tensor(reference.slice(from, to)),
        desirable: tensor(desirable.slice(from, to)),
      });
    const average = new MetricAverage();
    await average.add(part(0, 2), 2);
    await average.add(part(2, 5), 3);
    expectMetrics(average.result(), await readMetrics(part(0, 5)));
  });

  it('names bad input', async () => {
    const average = new MetricAverage();
    for (const size of [0, -1, NaN]) {
      await expect(average.add({ loss: 1 }, size)).rejects.toThrow(
        new RangeError(`MetricAverage.add: batchSize must be finite and > 0, got ${size}`),
      );
    }
    await expect(average.add({ loss: tensor([1]) }, 1)).rejects.toThrow(
      new RangeError('MetricAverage.add: loss has shape [1], expected rank 0'),
    );
    expect(average.result()).toEqual({});
  });
});

describe('a win, a tie and a loss', () => {
  const [zeros, one] = [[0, 0, 0], [1, 0, -1]]; // prettier-ignore
  const logps = () => ({ policy: pair({ chosen: one!, rejected: zeros! }), reference: pair({ chosen: zeros!, rejected: zeros! }) });
  it.each([
    ['zero', 1 / 3],
    ['half', 1 / 2],
  ] as const)('are an accuracy with ties counted as %s', async (ties, expected) => {
    await expectValues(pairMetrics<X>(logps(), { ties })['rewards/accuracies'], expected);
  });
});

describe('a beta per pair or example', () => {
  const betas = [0.1, 0.5, 2];
  const rho = { chosen: [1, -1.25, 0], rejected: [-1, 2.5, 0] };
  const rewards = { chosen: rho.chosen.map((r, i) => betas[i]! * r), rejected: rho.rejected.map((r, i) => betas[i]! * r) };

  it('scales the rewards of pairs', async () => {
    const beta = tensor(betas);
    const own = implicitRewards<X>(pairLogps(), { beta });
    await expectValues(own.chosen, rewards.chosen, 4);
    await expectValues(own.rejected, rewards.rejected, 4);
    const trl = await readMetrics(pairMetrics<X>(pairLogps(), { beta }));
    expectClose(trl['rewards/chosen']!, mean(rewards.chosen), { relative: 1e-5 });
    expectClose(trl['rewards/rejected']!, mean(rewards.rejected), { relative: 1e-5 });
    const policyAlone = { policy: pairLogps().policy };
    const free = await readMetrics(pairMetrics<X>(policyAlone, { beta }));
    expectClose(free['rewards/chosen']!, mean([-1, -15.75, -14.5]), { relative: 1e-5 });
    const levanter = await readMetrics(levanterMetrics<X>(pairLogps(), { beta }));
    expectClose(levanter.dpo_chosen_reward!, mean(rewards.chosen), { relative: 1e-5 });
    expectClose(levanter.dpo_loss!, mean(rewards.chosen.map((r, i) => softplus(rewards.rejected[i]! - r))), { relative: 1e-5 });
    await expectValues(
      dpoGradientWeight<X>(pairLogps(), { beta }),
      rewards.chosen.map((r, i) => sigmoid(rewards.rejected[i]! - r)),
      4,
    );
  });

  it('scales the rewards of examples', async () => {
    const { policy, reference } = pairLogps();
    const batch = { policy: policy.chosen, reference: reference.chosen, desirable: tensor([1, 1, 0]) };
    const metrics = unpairedMetrics<X>(batch, { beta: tensor(betas) });
    await expectValues(metrics['rewards/chosen_sum'], 0.1 - 0.625, 4);
    await expectValues(
      implicitRewards<X>({ policy: policy.chosen, reference: reference.chosen }, { beta: tensor(betas) }),
      rewards.chosen,
      4,
    );
  });

  it('has to have the shape of the batch', () => {
    const two = tensor([1, 2]);
    const message = (fn: string, like: string) => `${fn}: beta has shape [2], expected [3] like ${like}`;
    const x = pairLogps();
    for (const [f, name] of [
      [pairMetrics, 'pairMetrics'],
      [levanterMetrics, 'levanterMetrics'],
      [implicitRewards, 'implicitRewards'],
      [dpoGradientWeight, 'dpoGradientWeight'],
    ] as const) {
      expectError(() => f(x, { beta: two }), RangeError, message(name, 'policy.chosen'));
    }
    const { chosen } = x.policy;
    expectError(
      () => implicitRewards({ policy: chosen, reference: chosen }, { beta: two }),
      RangeError,
      message('implicitRewards', 'policy'),
    );
    const batch = { policy: chosen, reference: chosen, desirable: chosen };
    const bits = tensor([1, 0, 1]);
    expectError(() => unpairedMetrics({ ...batch, desirable: bits }, { beta: two }), RangeError, message('unpairedMetrics', 'policy'));
  });

  it.skipIf(isReadable)('makes NaN of rewards whose beta is not positive and finite, where it cannot be read', async () => {
    const own = (await read(implicitRewards<X>(pairLogps(), { beta: tensor([Infinity, 0, 1]) }).chosen)) as number[];
    expect(own.map(Number.isNaN)).toEqual([true, true, false]);
  });
});
