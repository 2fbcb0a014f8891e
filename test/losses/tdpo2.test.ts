import { describe, it } from 'vitest';
import { dpo, tdpo2 } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { along, four, minus } from '../support/pairGradients.js';
import { pair, pairLogps, sigmoid } from '../support/samples.js';

const kl = { chosen: [1, 2, 3], rejected: [4, 1, 0] };

describe('tdpo2', () => {
  itCosts('tdpo2', 9);

  it('is dpo at alpha 0, and dpo with an offset at any other', async () => {
    const batch = () => ({ ...pairLogps(), sequentialKl: pair(kl) });
    await expectSame(tdpo2<X>(batch(), { alpha: 0 }), dpo(pairLogps()));
    const offset = tensor(kl.chosen.map((c, i) => 0.05 * (kl.rejected[i]! - c)));
    await expectSame(tdpo2<X>(batch(), { alpha: 0.5 }), dpo<X>(pairLogps(), { offset }));
  });

  it('has the gradient of its doc comment, also with respect to the divergences', async () => {
    const b = 0.3;
    const f = (p: X, q: X, c: X, d: X): X =>
      tdpo2<X>(
        {
          policy: { chosen: p, rejected: q },
          reference: pair({ chosen: four[2]!, rejected: four[3]! }),
          sequentialKl: { chosen: c, rejected: d },
        },
        { beta: b, alpha: 0.4 },
      );
    const g = along(({ d }, i) => -b * sigmoid(-b * (d - 0.4 * (kl.rejected[i]! - kl.chosen[i]!))));
    const expected = [g, minus(g), g.map(() => 0), g.map((v) => -0.4 * v)];
    await expectGradients(f, [four[0]!, four[1]!, kl.chosen, kl.rejected], expected);
  });

  it('names bad input', () => {
    const x = pairLogps();
    const sequentialKl = pair({ chosen: [1, 1, 1], rejected: [1, 1, 1] });
    expectError(() => tdpo2({ ...x, sequentialKl }, { alpha: -1 }), RangeError, 'tdpo2: alpha must be finite and >= 0, got -1');
  });
});
