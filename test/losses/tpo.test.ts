import { describe, it } from 'vitest';
import { cpo, hinge, ipo, ops, simpo, tpo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { pair } from '../support/samples.js';

const sides = { chosen: [-0.5, -1], rejected: [-1, -0.75] };

describe('tpo', () => {
  itCosts('tpo', 6);

  it('is its contrastive loss minus the gold log-prob', async () => {
    const logps = pair(sides);
    const gold = tensor([-2, -4]);
    const minusGold = (loss: X, alpha: number): X => ops.sub(loss, ops.mul(gold, alpha));
    await expectSame(tpo<X>({ ...logps, gold }), minusGold(cpo<X>(logps), 1));
    await expectSame(
      tpo<X>({ ...logps, gold }, { alpha: 0.5, labelSmoothing: 0.1 }),
      minusGold(cpo<X>(logps, { labelSmoothing: 0.1 }), 0.5),
    );
    await expectSame(tpo<X>({ ...logps, gold }, { contrastive: 'hinge' }), minusGold(hinge<X>({ policy: logps }), 1));
    await expectSame(
      tpo<X>({ ...logps, gold }, { contrastive: 'ipo', beta: 0.25 }),
      minusGold(ipo<X>({ policy: logps }, { beta: 0.25 }), 1),
    );
    await expectSame(
      tpo<X>({ ...logps, gold }, { contrastive: 'simpo', beta: 2, gammaBetaRatio: 0.5 }),
      minusGold(simpo<X>(logps, { beta: 2, gamma: 1 }), 1),
    );
  });

  it('names bad options, and those that would be ignored', () => {
    const x = { ...pair(sides), gold: tensor([-1, -2]) };
    const call = (options: object) => () => tpo(x, options as never);
    expectError(call({ contrastive: 'ipo', labelSmoothing: 0.1 }), RangeError, 'tpo: labelSmoothing would be ignored by ipo');
    expectError(call({ contrastive: 'hinge', gamma: 1 }), RangeError, 'tpo: gamma would be ignored by hinge');
    expectError(call({ gammaBetaRatio: 1 }), RangeError, 'tpo: gammaBetaRatio would be ignored by cpo');
    expectError(
      call({ contrastive: 'simpo', beta: 2 }),
      RangeError,
      'tpo: neither gamma nor gammaBetaRatio is given, expected one of them',
    );
    expectError(call({ contrastive: 'simpo', gamma: 1 }), TypeError, 'tpo: beta is undefined, expected a number');
    expectError(call({ contrastive: 'dpo' }), RangeError, 'tpo: contrastive must be one of "cpo", "hinge", "ipo", "simpo", got "dpo"');
    expectError(call({ alpha: -1 }), RangeError, 'tpo: alpha must be finite and >= 0, got -1');
    expectError(call({ labelSmoothing: -1 }), RangeError, 'tpo: labelSmoothing must be in [0, 0.5), got -1');
  });

  it('names bad input', () => {
    const alone = pair(sides);
    expectError(() => tpo(alone as never), TypeError, 'tpo: batch lacks gold, expected { chosen, rejected, gold }');
    const [one, rows, flat] = [pair({ chosen: [-1], rejected: [-2] }), tensor([[-1, -2], [-3, -4]]), tensor([-1, -2])]; // prettier-ignore
    expectError(() => tpo<X>({ ...one, gold: null }), TypeError, 'tpo: gold is not a tensor: no registered engine owns null');
    expectError(() => tpo<X>({ ...one, gold: flat }), RangeError, 'tpo: gold has shape [2], expected [1] like chosen');
    expectError(() => tpo<X>({ chosen: rows, rejected: rows, gold: flat }), RangeError, 'tpo: chosen has shape [2, 2], expected rank 1');
  });
});
