import { engine as plain, Tensor, tensor } from '../../examples/own-engine/engine.js';
import { reshape } from '../../src/backend/ops.js';
import type { Backend, LinearRows, TokenDivergence, TokenStats } from '../../src/backend/types.js';
import {
  linearTokenDivergenceDefinition,
  linearTokenLogProbsDefinition,
  linearTokenStatsDefinition,
} from '../../src/definitions/linear.js';
import { tokenDivergenceDefinition } from '../../src/definitions/tokenDivergence.js';
import { tokenLogProbsDefinition } from '../../src/definitions/tokenLogProbs.js';
import { tokenStatsDefinition } from '../../src/definitions/tokenStats.js';
import type { EngineUnderTest } from '../../src/testing/conformance/engineUnderTest.js';
import { Memory } from './memory.js';
import { soundRules, type Rules } from './rules.js';
import { Tape } from './tape.js';

/** What an engine does instead, in the places where it is broken. */
export interface Change {
  /** Plain operations: values, kinds, and shapes. Gradients remain, as they are those of {@link Change.rules}. */
  readonly operations?: (engine: Backend<Tensor>) => Partial<Backend<Tensor>>;
  /** Gradients of operations. */
  readonly rules?: (rules: Rules) => Rules;
  /** Methods of the whole engine, which has gradients, counts its tensors, and has all optional methods. */
  readonly backend?: (engine: Backend<Tensor>, memory: Memory) => Partial<Backend<Tensor>>;
  /** What the suite gets besides. */
  readonly subject?: (subject: EngineUnderTest<Tensor>) => Partial<EngineUnderTest<Tensor>>;
}

/** Operations that the engine of the guide lacks. */
const more: Partial<Backend<Tensor>> = {
  isReadable: () => true,
  sqrt: ({ data, shape }) => new Tensor(data.map(Math.sqrt), shape, 'float'),
  pow: (x, y) => {
    const { shape } = plain.add(x, y);
    const [base, exponent] = [x, y].map((v) => plain.broadcastTo(typeof v === 'number' ? tensor(v) : v, shape));
    return new Tensor(
      base!.data.map((v, i) => v ** exponent!.data[i]!),
      shape,
      'float',
    );
  },
};

/** Logits `[..., V]` as `[N, V]`. */
const asRows = (x: Tensor): Tensor => reshape(x, [x.data.length / x.shape.at(-1)!, x.shape.at(-1)!]);
const flat = (labels: Tensor): Tensor => reshape(labels, [labels.data.length]);

/** The fused operations, by their definitions. */
const fused = (engine: Backend<Tensor>) => ({
  square: (x: Tensor) => engine.mul(x, x),
  matmul: (a: Tensor, b: Tensor, transposeB: boolean) =>
    engine.scope(() => {
      const [m, k] = a.shape as [number, number];
      const products = transposeB ? engine.mul(engine.reshape(a, [m, 1, k]), b) : engine.mul(engine.reshape(a, [m, k, 1]), b);
      return engine.sum(products, transposeB ? 2 : 1);
    }),
  tokenLogProbs: (logits: Tensor, labels: Tensor, ignoreIndex: number): Tensor =>
    engine.scope(() => reshape(tokenLogProbsDefinition(asRows(logits), flat(labels), ignoreIndex), labels.shape)),
  tokenStats: (logits: Tensor, labels: Tensor, ignoreIndex: number): TokenStats<Tensor> =>
    engine.scope(() => {
      const stats = tokenStatsDefinition(asRows(logits), flat(labels), ignoreIndex);
      return Object.fromEntries(Object.entries(stats).map(([name, x]) => [name, reshape(x, labels.shape)])) as never;
    }),
  tokenDivergence: (policy: Tensor, reference: Tensor, divergence: TokenDivergence, weight: number): Tensor =>
    engine.scope(() =>
      reshape(tokenDivergenceDefinition(asRows(policy), asRows(reference), divergence, weight), policy.shape.slice(0, -1)),
    ),
  linearTokenLogProbs: (rows: LinearRows<Tensor>, frozenWeight: boolean): Tensor =>
    engine.scope(() => linearTokenLogProbsDefinition(rows, frozenWeight)),
  linearTokenStats: (rows: LinearRows<Tensor>): TokenStats<Tensor> => engine.scope(() => linearTokenStatsDefinition(rows)),
  linearTokenDivergence: (...given: Parameters<typeof linearTokenDivergenceDefinition<Tensor>>): Tensor =>
    engine.scope(() => linearTokenDivergenceDefinition(...given)),
});

/** The engine of the guide with gradients, memory that is freed by hand, and all optional methods. It is right, but for the change. */
export function engineWith(change: Change = {}): EngineUnderTest<Tensor> {
  const memory = new Memory();
  const operations = { ...plain, ...more, name: 'broken' };
  const tape = new Tape(change.rules?.(soundRules) ?? soundRules);
  const recording = memory.counting(tape.recording({ ...operations, ...change.operations?.(operations) }));
  const whole: Backend<Tensor> = {
    ...recording,
    ...fused(recording),
    detached: (f) => tape.paused(f),
    valueAndGrads: (f, inputs) =>
      memory.scope(() => {
        const leaves = inputs.map((x) => memory.keep(new Tensor(x.data, x.shape, x.dtype)));
        const { value, grads } = tape.differentiate(() => f(leaves), leaves);
        return { value, grads: grads.map((x) => memory.keep(x)) };
      }),
  };
  const backend = { ...whole, ...change.backend?.(whole, memory) };
  const subject: EngineUnderTest<Tensor> = {
    backend,
    tensor: (values, dtype) => memory.keep(tensor(values, dtype)),
    read: (x) => {
      memory.check([x]);
      return x.data;
    },
    liveTensors: () => memory.size,
  };
  return { ...subject, ...change.subject?.(subject) };
}
