import { describe, it } from 'vitest';
import { dpo, tdpo1 } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, tensor, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectSame } from '../support/expectSame.js';
import { along, four, minus } from '../support/pairGradients.js';
import { agreeing, pair, pairLogps, sigmoid } from '../support/samples.js';

const kl = { chosen: [1, 2, 3], rejected: [4, 1, 0] };

describe('tdpo1', () => {
  itCosts('tdpo1', 8);

  it('is ln 2 where policy and reference agree', async () => {
    const sequentialKl = pair({ chosen: [0, 0, 0], rejected: [0, 0, 0] });
    await expectConstant(tdpo1<X>({ ...agreeing(), sequentialKl }), Math.LN2);
  });

  it('is dpo with an offset', async () => {
    const offset = tensor(kl.chosen.map((c, i) => 0.1 * (kl.rejected[i]! - c)));
    await expectSame(tdpo1<X>({ ...pairLogps(), sequentialKl: pair(kl) }), dpo<X>(pairLogps(), { offset }));
  });

  it('has the gradient of its doc comment, also with respect to the divergences', async () => {
    const b = 0.3;
    const f = (p: X, q: X, c: X, d: X): X =>
      tdpo1<X>(
        {
          policy: { chosen: p, rejected: q },
          reference: pair({ chosen: four[2]!, rejected: four[3]! }),
          sequentialKl: { chosen: c, rejected: d },
        },
        { beta: b },
      );
    const g = along(({ d }, i) => -b * sigmoid(-b * (d - (kl.rejected[i]! - kl.chosen[i]!))));
    await expectGradients(f, [four[0]!, four[1]!, kl.chosen, kl.rejected], [g, minus(g), g, minus(g)]);
  });

  it('names bad input', () => {
    const x = pairLogps();
    expectError(() => tdpo1(x as never), TypeError, 'tdpo1: batch lacks sequentialKl, expected { policy, reference, sequentialKl }');
    const none = 'is not a tensor: no registered engine owns null';
    expectError(() => tdpo1<X>({ ...x, sequentialKl: null } as X), TypeError, 'tdpo1: sequentialKl is null, expected { chosen, rejected }');
    expectError(() => tdpo1<X>({ ...x, sequentialKl: { chosen: null, rejected: null } }), TypeError, `tdpo1: sequentialKl.chosen ${none}`);
    const short = pair({ chosen: [1], rejected: [1] });
    expectError(
      () => tdpo1<X>({ ...x, sequentialKl: short }),
      RangeError,
      'tdpo1: sequentialKl.chosen has shape [1], expected [3] like policy.chosen',
    );
  });
});
