import { describe, it } from 'vitest';
import { ops, wpoWeights } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, isReadable, tensor, weight, type X } from '../support/engine.js';

describe('wpoWeights', () => {
  const tokens = () => ({
    logps: tensor([[-0.5, -1, NaN], [-2, -3, -4]]),
    logSumSquares: tensor([[-0.25, -0.25, 0], [-1, -1, -1]]),
    mask: tensor([[1, 1, 0], [0, 0, 0]]),
  }); // prettier-ignore

  it('is the exponential of the mean over counted tokens, and 1 for an empty row', async () => {
    await expectValues(wpoWeights<X>(tokens()), [Math.exp(-0.5), 1]);
    await expectValues(wpoWeights<X>({ chosen: tokens(), rejected: tokens() }), [Math.exp(-1), 1]);
  });

  it('clamps the weight of a pair, not those of its sides', async () => {
    const [up, down] = [{ ...tokens(), logSumSquares: tensor([[-2, -2, 0], [0, 0, 0]]) }, tokens()]; // prettier-ignore
    await expectValues(wpoWeights<X>(up, { clamp: 1 }), [1, 1]);
    await expectValues(wpoWeights<X>({ chosen: up, rejected: down }, { clamp: 2 }), [Math.min(2, Math.exp(1.25 - 0.5)), 1]);
  });

  it('is detached, leaks nothing and names bad input', async () => {
    const beside = (p: X): X =>
      ops.add(ops.sum<X>(p), ops.sum<X>(wpoWeights<X>({ logps: p, logSumSquares: tensor([[0, 0]]), mask: tensor([[1, 1]]) })));
    await expectGradients(beside, [[[-1, -2]]], [[[weight(0), weight(0)]]]);
    const x = tokens();
    expectNoLeak(() => wpoWeights<X>(x));
    expectNoLeak(() => wpoWeights<X>({ chosen: x, rejected: x }, { clamp: 1 }));
    expectError(() => wpoWeights<X>(x, { clamp: 0 }), RangeError, 'wpoWeights: clamp must be finite and > 0, got 0');
    const one = tensor([[1, 1]]);
    expectError(() => wpoWeights<X>({ ...x, mask: one }), RangeError, 'wpoWeights: mask has shape [1, 2], expected [2, 3] like logps');
    expectError(() => wpoWeights<X>({ chosen: x, rejected: { ...x, logps: one } }), RangeError, 'wpoWeights: rejected.logps has shape [1, 2], expected [2, 3] like chosen.logps'); // prettier-ignore
    expectError(() => wpoWeights<X>({ chosen: x, rejected: { ...x, mask: one } }), RangeError, 'wpoWeights: rejected.mask has shape [1, 2], expected [2, 3] like rejected.logps'); // prettier-ignore
    expectError(() => wpoWeights<X>({ chosen: x } as never), TypeError, 'wpoWeights: tokens lacks rejected, expected { chosen, rejected }');
    expectError(() => wpoWeights<X>(undefined as never), TypeError, 'wpoWeights: tokens is undefined, expected { logps, logSumSquares, mask }'); // prettier-ignore
  });

  it('names arguments of the wrong shape, missing ones, and unknown options', () => {
    const none = 'is not a tensor: no registered engine owns null';
    const [flat, rows, ones]: X[] = [tensor([-1, -2]), tensor([[-1, -2], [-3, -4]]), tensor([[1, 1], [1, 0]])]; // prettier-ignore
    const x: X = { logps: rows, logSumSquares: rows, mask: ones };
    const lacks = 'lacks logps, expected { logps, logSumSquares, mask }';
    expectError(() => wpoWeights<X>({ chosen: {}, rejected: {} } as X), TypeError, `wpoWeights: chosen ${lacks}`);
    expectError(() => wpoWeights<X>({ chosen: x, rejected: {} } as X), TypeError, `wpoWeights: rejected ${lacks}`);
    expectError(() => wpoWeights<X>({ ...x, logps: null }), TypeError, `wpoWeights: logps ${none}`);
    expectError(() => wpoWeights<X>({ ...x, logSumSquares: null }), TypeError, `wpoWeights: logSumSquares ${none}`);
    expectError(() => wpoWeights<X>({ chosen: x, rejected: { ...x, mask: null } }), TypeError, `wpoWeights: rejected.mask ${none}`);
    expectError(() => wpoWeights<X>({ ...x, logps: flat }), RangeError, 'wpoWeights: logps has shape [2], expected rank 2');
    expectError(() => wpoWeights<X>({ ...x, logSumSquares: flat }), RangeError, 'wpoWeights: logSumSquares has shape [2], expected [2, 2] like logps'); // prettier-ignore
    expectError(() => wpoWeights<X>({ chosen: x, rejected: { ...x, logSumSquares: flat } }), RangeError, 'wpoWeights: rejected.logSumSquares has shape [2], expected [2, 2] like rejected.logps'); // prettier-ignore
    expectError(() => wpoWeights<X>(x, { x: 1 } as X), RangeError, 'wpoWeights: unknown option x, expected clamp');
  });

  it.runIf(isReadable)('names a mask value other than 0 and 1', () => {
    const x = { ...tokens(), mask: tensor([[1, 2, 0], [1, 1, 1]]) }; // prettier-ignore
    expectError(() => wpoWeights<X>(x), RangeError, 'wpoWeights: value 1 of mask must be 0 or 1, got 2');
  });
});
