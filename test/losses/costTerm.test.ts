import { describe, expect, it } from 'vitest';
import { costTerm } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, isReadable, read, tensor, type X } from '../support/engine.js';
import { pair, sigmoid, softplus, weight } from '../support/samples.js';

const costs = { chosen: [2, -0.5, 0], rejected: [-1, 1.5, 0] };
const harmful = { chosen: [1, 1, 0], rejected: [0, 1, 0] };
const sign = (x: number): number => 2 * x - 1;

describe('costTerm', () => {
  it('is the logistic loss of both signs', async () => {
    const expected = costs.chosen.map(
      (c, i) => softplus(-sign(harmful.chosen[i]!) * c) + softplus(-sign(harmful.rejected[i]!) * costs.rejected[i]!),
    );
    await expectValues(costTerm<X>(pair(costs), pair(harmful)), expected);
    const [a, b] = [harmful.chosen.map(Boolean), harmful.rejected.map(Boolean)];
    await expectValues(costTerm<X>(pair(costs), { chosen: a, rejected: b }), expected);
  });

  it('has the gradient of its doc comment', async () => {
    const slopes = (side: 'chosen' | 'rejected'): number[] =>
      costs[side].map((c, i) => {
        const s = sign(harmful[side][i]!);
        return -weight(i) * s * sigmoid(-s * c);
      });
    const f = (chosen: X, rejected: X) => costTerm<X>({ chosen, rejected }, harmful as X);
    await expectGradients(f, [costs.chosen, costs.rejected], [slopes('chosen'), slopes('rejected')]);
  });

  it('is finite at costs of 1e4', async () => {
    await expectValues(costTerm<X>(pair({ chosen: [1e4, -1e4], rejected: [-1e4, 1e4] }), pair({ chosen: [1, 1], rejected: [0, 0] })), [0, 2e4]); // prettier-ignore
  });

  it('leaks nothing, and names bad input', () => {
    const [x, labels, two] = [pair(costs), pair(harmful), tensor([1, 0])];
    expectNoLeak(() => costTerm<X>(x, labels));
    expectError(
      () => costTerm<X>(x, { ...labels, rejected: two }),
      RangeError,
      'costTerm: harmful.rejected has shape [2], expected [3] like costs.chosen',
    );
    expectError(
      () => costTerm<X>({ ...x, rejected: two }, labels),
      RangeError,
      'costTerm: costs.rejected has shape [2], expected [3] like costs.chosen',
    );
    expectError(() => costTerm<X>(x, undefined as never), TypeError, 'costTerm: harmful is undefined, expected { chosen, rejected }');
    expectError(() => costTerm<X>({ chosen: x.chosen } as never, labels), TypeError, 'costTerm: costs lacks rejected, expected { chosen, rejected }'); // prettier-ignore
  });

  it('refuses labels that are not 0 or 1', async () => {
    const [x, wrong] = [pair(costs), pair({ chosen: [1, 2, 0], rejected: [0, 1, 0] })];
    if (isReadable) {
      expectError(() => costTerm<X>(x, wrong), RangeError, 'costTerm: value 1 of harmful.chosen must be 0 or 1, got 2');
      return;
    }
    expect(((await read(costTerm<X>(x, wrong))) as number[]).map(Number.isNaN)).toEqual([false, true, false]);
  });
});
