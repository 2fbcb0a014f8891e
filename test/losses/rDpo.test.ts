import { describe, it } from 'vitest';
import { dpo, rDpo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { pair, pairLogps, sigmoid } from '../support/samples.js';

const lengths = { chosen: [5, 6, 7], rejected: [9, 3, 7] };

describe('rDpo', () => {
  itCosts('rDpo', 9);

  it('is dpo at alpha 0, and dpo with an offset at any other', async () => {
    const batch = () => ({ ...pairLogps(), lengths: pair(lengths) });
    await expectSame(rDpo<X>(batch(), { alpha: 0 }), dpo(pairLogps()));
    const offset = tensor(lengths.chosen.map((n, i) => 0.05 * (lengths.rejected[i]! - n)));
    await expectSame(rDpo<X>(batch(), { alpha: 0.05 }), dpo<X>(pairLogps(), { offset }));
  });

  it('has the gradient of its doc comment', async () => {
    const b = 0.3;
    const slope = (d: number, i: number): number => b * sigmoid(-(b * d + 0.2 * (lengths.chosen[i]! - lengths.rejected[i]!)));
    await expectPairGradients(
      (x) => rDpo<X>({ ...x, lengths: pair(lengths) }, { beta: b, alpha: 0.2 }),
      ({ d }, i) => -slope(d, i),
      ({ d }, i) => slope(d, i),
    );
  });

  it('names bad input', () => {
    const x = pairLogps();
    const ones = pair({ chosen: [1, 1, 1], rejected: [1, 1, 1] });
    expectError(() => rDpo({ ...x, lengths: ones }, { alpha: NaN }), RangeError, 'rDpo: alpha must be finite, got NaN');
    expectError(() => rDpo({ ...x, lengths: ones }, {} as never), TypeError, 'rDpo: alpha is undefined, expected a number');
    expectError(() => rDpo(x as never, { alpha: 0.1 }), TypeError, 'rDpo: batch lacks lengths, expected { policy, reference, lengths }');
    expectError(
      () => rDpo({ ...x, lengths: {} } as never, { alpha: 0.1 }),
      TypeError,
      'rDpo: lengths lacks chosen, expected { chosen, rejected }',
    );
    const none = 'is not a tensor: no registered engine owns null';
    const [flat, three] = [tensor([-1, -2]), tensor([1, 1, 1])];
    expectError(() => rDpo<X>({ ...x, lengths: { chosen: null, rejected: flat } }, { alpha: 1 }), TypeError, `rDpo: lengths.chosen ${none}`); // prettier-ignore
    expectError(() => rDpo<X>({ ...x, lengths: { chosen: three, rejected: null } }, { alpha: 1 }), TypeError, `rDpo: lengths.rejected ${none}`); // prettier-ignore
  });
});
