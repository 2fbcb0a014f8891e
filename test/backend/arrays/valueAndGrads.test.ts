import { describe, expect, it } from 'vitest';
import { dpo, ops, pairMetrics, tensorOf, tokenLogProbs, valueAndGrads } from '../../../src/core.js';
import * as whole from '../../../src/index.js';
import { expectClose } from '../../../src/testing/index.js';
import { expectError, isArrays, type X } from '../../support/engine.js';

const reference = { chosen: [-11, -9], rejected: [-11, -9] };
const policy = { chosen: [-10, -9], rejected: [-12, -9] };
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const loss = (inputs: typeof policy) => ({ loss: ops.mean(dpo({ policy: inputs, reference })) });
const GRADIENT = [-0.05 * sigmoid(-0.2), -0.05 * 0.5];

// These tests concern the engines in memory, so they run once.
describe.runIf(isArrays)('valueAndGrads on plain values', () => {
  it('gives numbers and lists for numbers and lists', () => {
    const { loss: value, grads } = valueAndGrads(loss, policy);
    expectClose(value, (Math.log1p(Math.exp(-0.2)) + Math.LN2) / 2, { relative: 1e-15 });
    expectClose(grads.chosen, GRADIENT, { relative: 1e-15 });
    expectClose(grads.rejected, GRADIENT.map((g) => -g), { relative: 1e-15 }); // prettier-ignore
    const square = valueAndGrads((x) => ({ loss: ops.mul(x, x) }), 3);
    expect(square).toEqual({ loss: 9, grads: 6 });
  });

  it('gives float64 for typed arrays, and tensors for tensors', () => {
    const typed = valueAndGrads((x) => ({ loss: ops.sum(ops.exp(x.a)) as X }), { a: Float32Array.of(0, 1) });
    expect(typed.grads.a).toBeInstanceOf(Float64Array);
    expectClose(typed.grads.a, [1, Math.E], { relative: 1e-15 });
    const x = tensorOf(Float32Array.of(0, 1, 2, 3), [2, 2]);
    const { loss: value, grads } = valueAndGrads((inputs) => ({ loss: ops.sum(ops.mul(inputs.x, inputs.x)) }), { x });
    expect([value, grads.x]).toMatchObject([
      { data: Float64Array.of(14), dims: [] },
      { data: Float64Array.of(0, 2, 4, 6), dims: [2, 2] },
    ]);
  });

  it('passes auxiliary outputs on, without their origin', () => {
    const { grads, ...rest } = valueAndGrads(
      (inputs) => ({
        ...loss(inputs),
        all: [dpo({ policy: inputs, reference })],
        metrics: pairMetrics({ policy: inputs, reference }),
        note: 'x',
      }),
      policy,
    );
    expect(grads.chosen).toHaveLength(2);
    expect(rest).toMatchObject({ note: 'x', metrics: { 'rewards/margins': expect.closeTo(0.1, 12) as number } });
    expectClose(rest.all[0]!, [Math.log1p(Math.exp(-0.2)), Math.LN2], { relative: 1e-15 });
  });

  it('gives a condition no gradient', () => {
    const { grads } = valueAndGrads((x) => ({ loss: ops.sum<X>(ops.where<X, X>(x.c, x.a, 1)) }), { c: [1, 0], a: [5, 7] });
    expect(grads).toEqual({ c: [0, 0], a: [1, 0] });
    const { grads: ofNumber } = valueAndGrads((x) => ({ loss: ops.sum<X>(ops.where<X, X>(1, x.a, x.b)) }), { a: [5, 7], b: [1, 1] });
    expect(ofNumber).toEqual({ a: [1, 1], b: [0, 0] });
  });

  it('differentiates one use of many, a value used twice, and nothing after stopGradient and detached', () => {
    const { grads } = valueAndGrads(
      (x) => ({
        loss: ops.sum(
          ops.add(
            ops.mul(x.a, ops.stopGradient(x.a)),
            ops.detached(x.a, () => ops.exp(x.a)),
          ),
        ),
      }),
      { a: [2, 3], unused: [[1]] },
    );
    expect(grads).toEqual({ a: [2, 3], unused: [[0]] });
  });

  it('reaches logits through the row kernels', () => {
    const logits = [[0.5, -1, 2], [0, 0, 0]]; // prettier-ignore
    const { grads } = valueAndGrads((x) => ({ loss: ops.sum(tokenLogProbs(x, [2, -100])) }), logits);
    const total = logits[0]!.reduce((sum, x) => sum + Math.exp(x), 0);
    expectClose(grads[0]!, logits[0]!.map((x, i) => Number(i === 2) - Math.exp(x) / total), { relative: 1e-14 }); // prettier-ignore
    expect(grads[1]).toEqual([0, 0, 0]);
    const float32 = valueAndGrads((x) => ({ loss: ops.sum(tokenLogProbs(x, [2])) }), tensorOf(Float32Array.of(0.5, -1, 2), [1, 3]));
    expectClose(Array.from(float32.grads.data), grads[0]!, { relative: 1e-6 });
  });

  it('is what prefloss exports for plain values, too', () => {
    expect(whole.valueAndGrads((x) => ({ loss: whole.ops.mul(x, x) }), 3)).toEqual({ loss: 9, grads: 6 });
    expect(whole.valueAndGrads(loss, policy)).toEqual(valueAndGrads(loss, policy));
  });

  it('refuses a differentiated value as a number', () => {
    const message = 'a value that is differentiated is no number, expected operations of ops on it, e.g. ops.mul(loss, 2)';
    expectError(() => valueAndGrads((x) => ({ loss: ops.mean(x.a) * 2 }), { a: [1] }), TypeError, message);
  });

  it('names what is wrong, and works on afterwards', () => {
    const f = (x: { a: X }): { loss: X } => ({ loss: ops.sum(x.a) });
    const fails = (inputs: unknown, g: (x: X) => unknown, kind: typeof TypeError | typeof RangeError, message: string) => {
      expectError(() => valueAndGrads(g as typeof f, inputs as { a: X }), kind, `valueAndGrads: ${message}`);
    };
    fails({}, f, RangeError, 'inputs is empty, expected at least one to differentiate with respect to');
    fails({ a: 'x' }, f, TypeError, 'inputs.a: it is "x", expected a number, a list or a tensor');
    fails({ a: [[1], [1, 2]] }, f, RangeError, 'inputs.a: a list is ragged: it holds entries of shape [1] and [2]');
    fails({ a: tensorOf(Int32Array.of(1)) }, f, TypeError, 'inputs.a: it holds ints, expected floats; f may take it from elsewhere');
    fails({ a: [1, 2] }, ({ a }) => ({ loss: a }), TypeError, 'loss has shape [2], expected a scalar: reduce it, e.g. with ops.mean');
    fails({ a: [1] }, () => ({ loss: 3 }), RangeError, 'loss depends on none of the inputs');
    fails({ a: [1] }, ({ a }) => ({ loss: ops.stopGradient(ops.sum(a)) }), RangeError, 'loss depends on none of the inputs');
    fails({ a: [1] }, ({ a }) => ops.sum<X>(a) as X, TypeError, 'f returned a value of type Traced, expected { loss, ... }');
    fails({ a: [1] }, () => Promise.reject(new Error('late')), TypeError, 'f returned a promise, expected { loss, ... }');
    fails(
      { a: [1] },
      ({ a }) => ({ loss: ops.sum(a), grads: 1 }),
      RangeError,
      'f returned a field grads, which is the name of the gradients',
    );
    fails({ a: [1] }, ({ a }) => ({ loss: 'x', a }), TypeError, 'loss is "x", expected a scalar');
    const nested = ({ a }: { a: X }) => valueAndGrads(f, { a });
    fails({ a: [1] }, nested, TypeError, 'it runs inside another valueAndGrads, expected one at a time: there are no second derivatives');
    expectError(
      () => valueAndGrads((x) => ({ loss: dpo(x as never) }), { a: [1] }),
      TypeError,
      'dpo: logps lacks policy, expected { policy: { chosen, rejected }, reference: { chosen, rejected } }',
    );
    expect(valueAndGrads(f, { a: [1, 2] })).toEqual({ loss: 3, grads: { a: [1, 1] } });
  });
});
