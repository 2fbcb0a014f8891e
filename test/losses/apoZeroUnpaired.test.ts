import { describe, it } from 'vitest';
import { apoZero, apoZeroUnpaired, kto, ops } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectValues, read, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { asPair, expectLabelledGradients, expectWeightErrors, oneEach, weights } from '../support/labelledGradients.js';
import { sigmoid } from '../support/samples.js';

describe('apoZeroUnpaired', () => {
  itCosts('apoZeroUnpaired', 6);

  it('is kto at kl 0', async () => {
    await expectSame(apoZeroUnpaired<X>(oneEach()), kto<X>({ ...oneEach(), kl: 0 }));
    await expectSame(apoZeroUnpaired<X>(oneEach(), weights), kto<X>({ ...oneEach(), kl: 0 }, weights));
  });

  it('adds up to apoZero of the pair for a desirable and an undesirable example', async () => {
    await expectValues(ops.sum<X>(apoZeroUnpaired<X>(oneEach())), ((await read(apoZero<X>(asPair()))) as number[])[0]!);
  });

  it('has the gradient of its doc comment', async () => {
    const beta = 0.3;
    const bell = (r: number): number => beta * sigmoid(r) * sigmoid(-r);
    await expectLabelledGradients(
      (x) => apoZeroUnpaired<X>(x, { beta, ...weights }),
      beta,
      (r) => -bell(r),
      bell,
    );
  });

  it('names bad weights', () => {
    expectWeightErrors('apoZeroUnpaired', apoZeroUnpaired<X>);
  });
});
