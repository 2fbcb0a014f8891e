import { describe, expect, it } from 'vitest';
import { calDpo, dpo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, isReadable, read, tensor, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectSame } from '../support/expectSame.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, pairLogps, sigmoid } from '../support/samples.js';

describe('calDpo', () => {
  itCosts('calDpo', 12);

  it('is ln 2 + 1 / (2 beta^2) where policy and reference agree', async () => {
    await expectConstant(calDpo<X>(agreeing()), Math.LN2 + 50);
  });

  it('is dpo at beta 1 if calibrationWeight is 0', async () => {
    await expectSame(calDpo(pairLogps(), { calibrationWeight: 0 }), dpo(pairLogps(), { beta: 1 }));
  });

  it('has the gradient of its doc comment', async () => {
    const b = 0.3;
    await expectPairGradients(
      (x) => calDpo<X>(x, { beta: b, calibrationWeight: 0.5 }),
      ({ w, d }) => -sigmoid(-d) + (w - 0.5 / b),
      ({ l, d }) => sigmoid(-d) + (l + 0.5 / b),
    );
  });

  it('names bad input', () => {
    const x = pairLogps();
    expectError(() => calDpo(x, { calibrationWeight: -1 }), RangeError, 'calDpo: calibrationWeight must be finite and >= 0, got -1');
  });

  it.skipIf(isReadable)('is NaN for a beta that is not positive, where values cannot be read', async () => {
    const loss = (await read(calDpo<X>(pairLogps(), { beta: tensor([0.5, 0, 1]) }))) as number[];
    expect(loss.map(Number.isNaN)).toEqual([false, true, false]);
  });
});
