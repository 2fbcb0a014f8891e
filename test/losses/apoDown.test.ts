import { describe, it } from 'vitest';
import { apoDown } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectGradients, tensor, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, delta, four, fromFour, pair, sigmoid, weight } from '../support/samples.js';

const zeros = () => pair({ chosen: [0, 0, 0], rejected: [0, 0, 0] });

describe('apoDown', () => {
  itCosts('apoDown', 8);

  it('is 1 where policy and reference agree', async () => {
    await expectConstant(apoDown<X>(agreeing()), 1);
  });

  it('has no gradient on the chosen side where policy and reference agree, and pushes the rejected side down', async () => {
    const f = (a: X, b: X, c: X, d: X): X => apoDown<X>(fromFour(a, b, c, d));
    const quarter = delta.map((_, i) => 0.1 * 0.25 * weight(i));
    const agree = [four[0]!, four[1]!, four[0]!, four[1]!];
    // The two terms cancel on the chosen side.
    await expectGradients(f, agree, [quarter.map(() => 0), quarter, quarter.map(() => 0), quarter.map((g) => -g)]); // prettier-ignore
  });

  it('pushes the chosen side down above half a negative rejected reward, and up below it', async () => {
    const f = (chosen: X): X => apoDown<X>({ policy: { chosen, rejected: tensor([-2, -2, -2]) }, reference: zeros() }, { beta: 1 });
    const bell = (x: number): number => sigmoid(x) * sigmoid(-x);
    const down = bell(0.5) - bell(1.5);
    await expectGradients(f, [[-0.5, -1, -1.5]], [[weight(0) * down, 0, -weight(2) * down]]);
  });

  it('has the gradient of its doc comment', async () => {
    const b = 0.3;
    const bell = (x: number): number => b * sigmoid(b * x) * sigmoid(-b * x);
    await expectPairGradients((x) => apoDown<X>(x, { beta: b }), ({ w, d }) => bell(w) - bell(d), ({ d }) => bell(d)); // prettier-ignore
  });
});
