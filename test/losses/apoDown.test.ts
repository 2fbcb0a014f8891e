import { describe, it } from 'vitest';
import { apoDown } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectGradients, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, delta, four, fromFour, sigmoid, weight } from '../support/samples.js';

describe('apoDown', () => {
  itCosts('apoDown', 8);

  it('is 1 where policy and reference agree', async () => {
    await expectConstant(apoDown<X>(agreeing()), 1);
  });

  it('pulls both sides down', async () => {
    const f = (a: X, b: X, c: X, d: X): X => apoDown<X>(fromFour(a, b, c, d));
    const quarter = delta.map((_, i) => 0.1 * 0.25 * weight(i));
    const agree = [four[0]!, four[1]!, four[0]!, four[1]!];
    // There the pull of the reward and the push of the margin cancel on the chosen side.
    await expectGradients(f, agree, [quarter.map(() => 0), quarter, quarter.map(() => 0), quarter.map((g) => -g)]); // prettier-ignore
  });

  it('has the gradient of its doc comment', async () => {
    const b = 0.3;
    const bell = (x: number): number => b * sigmoid(b * x) * sigmoid(-b * x);
    await expectPairGradients((x) => apoDown<X>(x, { beta: b }), ({ w, d }) => bell(w) - bell(d), ({ d }) => bell(d)); // prettier-ignore
  });
});
