import { Tensor } from '../../../examples/own-engine/engine.js';
import type { LinearRows, TokenStats } from '../../../src/backend/types.js';
import { OPTIONAL_METHODS } from '../../optionalMethods.js';
import { allowed, each, method, type Break } from './break.js';

type Stats = TokenStats<Tensor>;

/** A break of the statistics of tokens. */
const stats = (how: string, change: (own: Stats, logits: Tensor, labels: Tensor) => Partial<Stats>): Break =>
  method(`tokenStats ${how}`, (engine) => ({
    tokenStats: (logits, labels, ignoreIndex) => {
      const own = engine.tokenStats!(logits, labels, ignoreIndex)!;
      return { ...own, ...change(own, logits, labels) };
    },
  }));

/** Both linear functions with other rows. */
const linear = (how: string, change: (rows: LinearRows<Tensor>) => LinearRows<Tensor>): Break =>
  method(`linear functions ${how}`, (engine) => ({
    linearTokenLogProbs: (rows, isFrozen) => engine.linearTokenLogProbs!(change(rows), isFrozen),
    linearTokenStats: (rows) => engine.linearTokenStats!(change(rows)),
    linearTokenDivergence: (policy, reference, ...rest) => engine.linearTokenDivergence!(change(policy), change(reference), ...rest),
  }));

export const fused: readonly Break[] = [
  method('square keeps the sign', (engine) => ({ square: (x) => engine.mul(x, engine.abs(x)) })),
  method('square of ints is of kind float', (engine) => ({ square: (x) => engine.cast(engine.mul(x, x), 'float') })),
  method('square has no gradient', (engine) => ({ square: (x) => engine.stopGradient(engine.mul(x, x)) })),
  method('sqrt is half of x', (engine) => ({ sqrt: (x) => engine.mul(x, 0.5) })),
  method('matmul ignores transposeB where it can', (engine) => ({
    matmul: (a, b, transposeB) => engine.matmul!(a, b, transposeB && b.shape[0] !== b.shape[1]),
  })),
  method('matmul fails if b is transposed', (engine) => ({
    matmul: (a, b, transposeB) => {
      if (transposeB) throw new Error('transposeB is not supported');
      return engine.matmul!(a, b, false);
    },
  })),
  method('matmul gives the transposed product', (engine) => ({
    matmul: (a, b, transposeB) => {
      const y = engine.matmul!(a, b, transposeB);
      const [m, n] = y.shape as [number, number];
      return engine.reshape(
        each(y, (_, i) => y.data[(i % m) * n + Math.floor(i / m)]!),
        [n, m],
      );
    },
  })),
  method('matmul rounds its inputs to 8 bits', (engine) => ({
    matmul: (a, b, transposeB) => {
      const coarse = (x: Tensor) => engine.stopGradient(each(x, (v) => Number(v.toPrecision(3))));
      const rounded = engine.stopGradient(engine.sub(engine.matmul!(coarse(a), coarse(b), transposeB), engine.matmul!(a, b, transposeB)));
      return engine.add(engine.matmul!(a, b, transposeB), rounded);
    },
  })),
  method('matmul has no gradient by b', (engine) => ({
    matmul: (a, b, transposeB) => engine.matmul!(a, engine.stopGradient(b), transposeB),
  })),

  method('tokenLogProbs takes no ignored label but -100', (engine) => ({
    tokenLogProbs: (logits, labels) => engine.tokenLogProbs!(logits, labels, -100),
  })),
  method('tokenLogProbs counts ignored rows', (engine) => ({
    tokenLogProbs: (logits, labels, ignoreIndex) =>
      engine.tokenLogProbs!(
        logits,
        each(labels, (v) => (v === ignoreIndex ? 0 : v)),
        ignoreIndex,
      ),
  })),
  method('tokenLogProbs passes NaN of ignored rows into the gradient', (engine) => ({
    tokenLogProbs: (logits, labels, ignoreIndex) =>
      engine.add(
        engine.tokenLogProbs!(logits, labels, ignoreIndex)!,
        engine.mul(engine.sum(engine.where(engine.equal(logits, logits), 0, logits), -1), 0),
      ),
  })),
  method('tokenLogProbs clamps labels out of range', (engine) => ({
    tokenLogProbs: (logits, labels, ignoreIndex) =>
      engine.tokenLogProbs!(
        logits,
        each(labels, (v) => (v === ignoreIndex ? v : Math.min(Math.max(v, 0), logits.shape.at(-1)! - 1))),
        ignoreIndex,
      ),
    peek: () => undefined,
    isReadable: () => false,
  })),
  method('tokenLogProbs overflows', (engine) => ({
    tokenLogProbs: (logits, labels, ignoreIndex) => {
      const y = engine.tokenLogProbs!(logits, labels, ignoreIndex)!;
      return engine.add(y, engine.mul(engine.log(engine.sum(engine.exp(engine.stopGradient(logits)), -1)), 0));
    },
  })),
  method('tokenLogProbs has no gradient', (engine) => ({
    tokenLogProbs: (logits, labels, ignoreIndex) => engine.stopGradient(engine.tokenLogProbs!(logits, labels, ignoreIndex)!),
  })),
  method('tokenLogProbs is negated', (engine) => ({
    tokenLogProbs: (logits, labels, ignoreIndex) => engine.neg(engine.tokenLogProbs!(logits, labels, ignoreIndex)!),
  })),
  method('tokenLogProbs is of flat shape', (engine) => ({
    tokenLogProbs: (logits, labels, ignoreIndex) =>
      engine.reshape(engine.tokenLogProbs!(logits, labels, ignoreIndex)!, [labels.data.length]),
  })),
  method('tokenLogProbs of logits that are -Infinity is NaN', (engine) => ({
    tokenLogProbs: (logits, labels, ignoreIndex) =>
      engine.add(engine.tokenLogProbs!(logits, labels, ignoreIndex)!, engine.sum(engine.stopGradient(engine.mul(logits, 0)), -1)),
  })),
  stats('swaps entropy and logps', ({ entropy, logps }) => ({ entropy: logps, logps: entropy })),
  stats('counts the last of equal logits as correct', ({ correct }, logits, labels) => ({
    correct: each(correct, (v, i) => {
      const n = logits.shape.at(-1)!;
      const row = Array.from(logits.data.subarray(i * n, (i + 1) * n));
      return labels.data[i]! < 0 ? v : Number(row.lastIndexOf(Math.max(...row)) === labels.data[i]);
    }),
  })),
  stats('counts all of equal logits as correct', ({ correct }, logits, labels) => ({
    correct: each(correct, (v, i) => {
      const n = logits.shape.at(-1)!;
      const row = Array.from(logits.data.subarray(i * n, (i + 1) * n));
      return labels.data[i]! < 0 ? v : Number(row[labels.data[i]!] === Math.max(...row));
    }),
  })),
  stats('gives the sum of the logits for their mean', ({ meanLogit }, logits) => ({
    meanLogit: each(meanLogit, (v) => v * logits.shape.at(-1)!),
  })),
  stats('gives no logarithm of the sum of squares', ({ logSumSquares }) => ({ logSumSquares: each(logSumSquares, Math.exp) })),
  stats('gives the entropy in bits', ({ entropy }) => ({ entropy: each(entropy, (v) => v / Math.LN2) })),
  stats('gives correct as a condition', ({ correct }) => ({ correct: new Tensor(correct.data, correct.shape, 'bool') })),
  method('tokenStats counts ignored rows', (engine) => ({
    tokenStats: (logits, labels, ignoreIndex) =>
      engine.tokenStats!(
        logits,
        each(labels, (v) => (v === ignoreIndex ? 0 : v)),
        ignoreIndex,
      ),
  })),
  method('tokenDivergence has its arguments swapped', (engine) => ({
    tokenDivergence: (policy, reference, ...rest) => engine.tokenDivergence!(reference, policy, ...rest),
  })),
  method('tokenDivergence has a gradient for the reference', (engine) => ({
    tokenDivergence: (policy, reference, ...rest) => {
      const y = engine.tokenDivergence!(policy, reference, ...rest)!;
      return engine.add(y, engine.sum(engine.sub(reference, engine.stopGradient(reference)), -1));
    },
  })),
  method('tokenDivergence has no gradient', (engine) => ({
    tokenDivergence: (policy, reference, ...rest) => engine.stopGradient(engine.tokenDivergence!(policy, reference, ...rest)!),
  })),
  method('tokenDivergence is always the forward KL', (engine) => ({
    tokenDivergence: (policy, reference, _, weight) => engine.tokenDivergence!(policy, reference, 'forwardKl', weight),
  })),
  method('tokenDivergence always has the weight 0.5', (engine) => ({
    tokenDivergence: (policy, reference, divergence) => engine.tokenDivergence!(policy, reference, divergence, 0.5),
  })),
  method('tokenDivergence is NaN where a token is impossible', (engine) => ({
    tokenDivergence: (policy, reference, ...rest) =>
      engine.add(engine.tokenDivergence!(policy, reference, ...rest)!, engine.sum(engine.stopGradient(engine.mul(reference, 0)), -1)),
  })),
  linear('leave out the cap', (rows) => ({ ...rows, cap: undefined })),
  linear('leave out the bias', (rows) => ({ ...rows, bias: undefined })),
  linear('take the weight for [V, D] where they can', (rows) => ({
    ...rows,
    layout: rows.weight.shape[0] === rows.weight.shape[1] ? 'vocabularyByHidden' : rows.layout,
  })),
  linear('fail for a weight [D, V]', (rows) => {
    if (rows.layout === 'hiddenByVocabulary') throw new Error('not supported');
    return rows;
  }),
  method('linearTokenLogProbs gives a frozen weight a gradient', (engine) => ({
    linearTokenLogProbs: (rows) => engine.linearTokenLogProbs!(rows, false),
  })),
  method('linearTokenLogProbs gives no weight a gradient', (engine) => ({
    linearTokenLogProbs: (rows) => engine.linearTokenLogProbs!(rows, true),
  })),
  method('linearTokenLogProbs gives the bias no gradient', (engine) => ({
    linearTokenLogProbs: (rows, isFrozen) =>
      engine.linearTokenLogProbs!({ ...rows, bias: rows.bias && engine.stopGradient(rows.bias) }, isFrozen),
  })),
  method('linearTokenLogProbs gives the hidden states no gradient', (engine) => ({
    linearTokenLogProbs: (rows, isFrozen) => engine.linearTokenLogProbs!({ ...rows, hidden: engine.stopGradient(rows.hidden) }, isFrozen),
  })),
  method('linearTokenStats gives the sum of the logits for their mean', (engine) => ({
    linearTokenStats: (rows) => {
      const own = engine.linearTokenStats!(rows)!;
      const vocabulary = rows.weight.shape[rows.layout === 'vocabularyByHidden' ? 0 : 1]!;
      return { ...own, meanLogit: each(own.meanLogit, (v) => v * vocabulary) };
    },
  })),
  method('linearTokenDivergence has its heads swapped', (engine) => ({
    linearTokenDivergence: (policy, reference, ...rest) => engine.linearTokenDivergence!(reference, policy, ...rest),
  })),
  method('linearTokenDivergence is always the forward KL', (engine) => ({
    linearTokenDivergence: (policy, reference, _, ...rest) => engine.linearTokenDivergence!(policy, reference, 'forwardKl', ...rest),
  })),
  method('linearTokenDivergence always has the weight 0.5', (engine) => ({
    linearTokenDivergence: (policy, reference, divergence, _, isFrozen) =>
      engine.linearTokenDivergence!(policy, reference, divergence, 0.5, isFrozen),
  })),
  method('linearTokenDivergence gives a frozen weight a gradient', (engine) => ({
    linearTokenDivergence: (policy, reference, divergence, weight) =>
      engine.linearTokenDivergence!(policy, reference, divergence, weight, false),
  })),
  method('linearTokenDivergence gives the weight of the reference a gradient', (engine) => ({
    linearTokenDivergence: (policy, reference, ...rest) => {
      const y = engine.linearTokenDivergence!(policy, reference, ...rest)!;
      const gap = engine.sub(reference.weight, engine.stopGradient(reference.weight));
      return engine.add(y, engine.sum(engine.sum(gap, -1), -1));
    },
  })),

  allowed(
    'without a kernel, the definitions run',
    method('there are no kernels', () => ({
      tokenLogProbs: () => undefined,
      tokenStats: () => undefined,
      tokenDivergence: () => undefined,
      linearTokenLogProbs: () => undefined,
      linearTokenStats: () => undefined,
      linearTokenDivergence: () => undefined,
    })),
  ),
  allowed(
    'optional methods may be left out',
    method('there are no optional methods', () => Object.fromEntries(OPTIONAL_METHODS.map((name) => [name, undefined]))),
  ),
];
