import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  adaptiveBeta,
  dpo,
  klEstimate,
  klStatistics,
  levanterMetrics,
  levanterSimpoMetrics,
  marginStatistics,
  marginSums,
  marginWeights,
  ops,
  pairMetrics,
  rewardShift,
  rewardStatistics,
  tokenStats,
  unpairedMetrics,
  valueAndGrads,
  wpoWeights,
  type PairLogps,
} from '../../src/index.js';
import { engine, tensor, type X } from '../support/engine.js';
import { sample } from '../support/samples.js';

// Metrics and statistics of a step cost the kernels of their formula, whether the step is differentiated or not.
// On one backend only, because the functions run the same operations on every backend.
describe.runIf(engine === 'cpu')('in a differentiated step', () => {
  const labelled = ({ policy, reference }: PairLogps<X>) => ({
    policy: policy.chosen,
    reference: reference.chosen,
    desirable: tensor([1, 0, 1]),
  });
  const unpaired = ({ policy, reference }: PairLogps<X>) => ({ policy: policy.chosen, reference: reference.chosen });
  /** With log-probs of pairs, and the same of tokens, `[1, 3]`. */
  const FUNCTIONS: Record<string, (logps: PairLogps<X>, tokens: X) => unknown> = {
    pairMetrics: (x) => pairMetrics<X>(x, { ties: 'half' }),
    levanterMetrics: (x) => levanterMetrics<X>(x),
    levanterSimpoMetrics: (x) => levanterSimpoMetrics<X>(x.policy, { beta: 2, gamma: 1 }),
    unpairedMetrics: (x) => unpairedMetrics<X>(labelled(x)),
    klStatistics: (x) => klStatistics<X>(unpaired(x)),
    klEstimate: (x) => klEstimate<X>(unpaired(x)),
    rewardStatistics: (x) => rewardStatistics<X>(x),
    'rewardStatistics of examples': (x) => rewardStatistics<X>(labelled(x)),
    rewardShift: (x) => rewardShift<X>(rewardStatistics<X>(x), { over: 'classes' }),
    marginSums: (x) => marginSums<X>(x.policy.chosen),
    marginStatistics: (x) => marginStatistics<X>(x.policy.chosen),
    marginWeights: (x) => marginWeights<X>(x.policy.chosen, { mean: tensor(0), std: tensor(1) }),
    adaptiveBeta: (x) => adaptiveBeta<X>({ margins: x.policy.chosen, statistics: { mean: tensor(0), std: tensor(1) } }),
    wpoWeights: (_, x) => wpoWeights<X>({ logps: x, logSumSquares: x, mask: tensor([[1, 1, 0]]) }),
    tokenStats: (_, x) => tokenStats<X, X>(x, tensor([1], 'int')),
  };

  /** Names of all kernels that `f` runs. */
  const kernels = async (f: () => unknown): Promise<string[]> =>
    (await tf.profile(() => tf.tidy(f as () => tf.Tensor) as never)).kernels.map(({ name }) => name).sort();
  const logpsOf = (chosen: X): PairLogps<X> => ({
    policy: { chosen, rejected: tensor(sample.policy.rejected) },
    reference: { chosen: tensor(sample.reference.chosen), rejected: tensor(sample.reference.rejected) },
  });
  const step = (variable: tf.Variable, extra: (logps: PairLogps<X>, tokens: X) => unknown) => () => {
    const { loss, grads } = valueAndGrads(() => {
      const logps = logpsOf(ops.mul<X>(variable, 1.5));
      extra(logps, ops.reshape(logps.policy.chosen, [1, 3]));
      return { loss: ops.mean<X>(dpo<X>(logps)) };
    }, [variable]);
    return { loss, ...grads };
  };

  it.each(Object.entries(FUNCTIONS))('%s costs what it costs alone', async (_, f) => {
    const variable = tf.variable(tf.tensor(sample.policy.chosen));
    const [logps, tokens] = [logpsOf(variable), tensor([sample.policy.chosen])];
    const [without, alone] = [await kernels(step(variable, () => undefined)), await kernels(() => f(logps, tokens))];
    expect(await kernels(step(variable, f))).toEqual([...without, ...alone].sort());
  });
});
