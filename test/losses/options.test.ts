import { describe, expect, it } from 'vitest';
import {
  alphaPo,
  apoZeroUnpaired,
  bco,
  bcoPair,
  calDpo,
  discopop,
  dpop,
  exo,
  exoPair,
  fDpo,
  kto,
  plackettLuce,
  pro,
  rDpo,
  robustDpo,
  rrhf,
  simper,
  simpo,
  slic,
  softmaxDpo,
  sppo,
  tdpo1,
  tdpo2,
  tpo,
} from '../../src/index.js';
import { expectError, isReadable, read, tensor, type X } from '../support/engine.js';
import { pair, pairLogps } from '../support/samples.js';

const free = { chosen: [-0.5, -1], rejected: [-1, -0.75] };

describe('options that would be ignored', () => {
  it('are errors in fDpo', () => {
    const x = pairLogps();
    const call = (options: object) => () => fDpo(x, options as never);
    expectError(call({ alpha: 0.5 }), RangeError, 'fDpo: alpha would be ignored by reverseKl');
    expectError(call({ divergence: 'forwardKl', alpha: 0.5 }), RangeError, 'fDpo: alpha would be ignored by forwardKl');
    expectError(call({ maxExponent: 10 }), RangeError, 'fDpo: maxExponent would be ignored by reverseKl');
    expectError(call({ divergence: 'jensenShannon', maxExponent: 10 }), RangeError, 'fDpo: maxExponent would be ignored by jensenShannon');
    expectError(
      call({ divergence: 'kl' }),
      RangeError,
      'fDpo: divergence must be one of "reverseKl", "forwardKl", "jensenShannon", "alpha", got "kl"',
    );
    expectError(call({ divergence: 'alpha', alpha: 0 }), RangeError, 'fDpo: alpha must be finite and not 0, got 0');
    expectError(call({ divergence: 'alpha', maxExponent: 0 }), RangeError, 'fDpo: maxExponent must be finite and > 0, got 0');
  });

  it('are errors in simpo and alphaPo: one way to state the margin, and one alone', () => {
    const x = pair(free);
    for (const [name, f] of [
      ['simpo', simpo],
      ['alphaPo', alphaPo],
    ] as const) {
      // prettier-ignore
      const call = (options: object) => () => f(x, { ...(name === 'alphaPo' && { alpha: 0.25 }), beta: 2, ...options } as never);
      const both = `${name}: gamma and gammaBetaRatio are both given, expected one of them`;
      expectError(call({ gamma: 1, gammaBetaRatio: 0.5 }), RangeError, both);
      expectError(call({}), RangeError, `${name}: neither gamma nor gammaBetaRatio is given, expected one of them`);
      expectError(call({ gamma: NaN }), RangeError, `${name}: gamma must be finite, got NaN`);
      expectError(call({ gammaBetaRatio: Infinity }), RangeError, `${name}: gammaBetaRatio must be finite, got Infinity`);
      expectError(call({ gamma: 1, labelSmoothing: 0.5 }), RangeError, `${name}: labelSmoothing must be in [0, 0.5), got 0.5`);
      expectError(call({ gamma: 1, beta: undefined }), TypeError, `${name}: beta is undefined, expected a number`);
    }
    expectError(() => alphaPo(x, { alpha: 0, beta: 2, gamma: 1 }), RangeError, 'alphaPo: alpha must be finite and not 0, got 0');
    expectError(
      () => alphaPo(x, { alpha: 1, beta: 2, gamma: 1, maxExponent: -1 }),
      RangeError,
      'alphaPo: maxExponent must be finite and > 0, got -1',
    );
  });

  it('are errors in tpo', () => {
    const x = { ...pair(free), gold: tensor([-1, -2]) };
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
    const alone = pair(free);
    expectError(() => tpo(alone as never), TypeError, 'tpo: batch lacks gold, expected { chosen, rejected, gold }');
  });

  it('are errors where there are none', () => {
    const logps = pair(free);
    expectError(() => simper(logps, { beta: 1 } as never), RangeError, 'simper: unknown option beta, expected none');
    const lists = { policy: tensor([[-1, -2]]), rewards: tensor([[2, 1]]) };
    expectError(() => pro(lists, { beta: 1 } as never), RangeError, 'pro: unknown option beta, expected none');
    expectError(() => rrhf(lists, { beta: 1 } as never), RangeError, 'rrhf: unknown option beta, expected none');
  });
});

describe('options outside their range', () => {
  it('are named', () => {
    const x = pairLogps();
    expectError(() => robustDpo(x, { labelSmoothing: 0.5 }), RangeError, 'robustDpo: labelSmoothing must be in [0, 0.5), got 0.5');
    expectError(() => exoPair(x, { labelSmoothing: 0 }), RangeError, 'exoPair: labelSmoothing must be in (0, 0.5), got 0');
    expectError(() => exoPair(x, { labelSmoothing: 0.5 }), RangeError, 'exoPair: labelSmoothing must be in (0, 0.5), got 0.5');
    expectError(() => sppo(x, { preference: 1.5 }), RangeError, 'sppo: preference must be in [0, 1], got 1.5');
    expectError(() => sppo(x, { preference: -0.1 }), RangeError, 'sppo: preference must be in [0, 1], got -0.1');
    for (const tau of [0, 1.5, NaN]) expectError(() => discopop(x, { tau }), RangeError, `discopop: tau must be in (0, 1], got ${tau}`);
    expectError(() => dpop(x, { lambda: -1 }), RangeError, 'dpop: lambda must be finite and >= 0, got -1');
    expectError(() => calDpo(x, { calibrationWeight: -1 }), RangeError, 'calDpo: calibrationWeight must be finite and >= 0, got -1');
    expectError(() => bcoPair(x, { delta: NaN }), RangeError, 'bcoPair: delta must be finite, got NaN');
    const logps = pair(free);
    expectError(() => slic(logps, { delta: -1 }), RangeError, 'slic: delta must be finite and >= 0, got -1');
    expectError(() => slic(logps, { lambda: -1 }), RangeError, 'slic: lambda must be finite and >= 0, got -1');
    const kl = pair({ chosen: [1, 1, 1], rejected: [1, 1, 1] });
    expectError(() => tdpo2({ ...x, sequentialKl: kl }, { alpha: -1 }), RangeError, 'tdpo2: alpha must be finite and >= 0, got -1');
    expectError(() => rDpo({ ...x, lengths: kl }, { alpha: NaN }), RangeError, 'rDpo: alpha must be finite, got NaN');
    expectError(() => rDpo({ ...x, lengths: kl }, {} as never), TypeError, 'rDpo: alpha is undefined, expected a number');
  });

  it('are named where they are weights of classes', () => {
    const batch: X = { policy: tensor([-1, -2]), reference: tensor([-1, -2]), desirable: tensor([1, 0]) };
    for (const [name, f] of [
      ['kto', (o: X) => kto({ ...batch, kl: 0 }, o)],
      ['apoZeroUnpaired', (o: X) => apoZeroUnpaired(batch, o)],
      ['bco', (o: X) => bco(batch, o)],
    ] as const) {
      // prettier-ignore
      for (const option of ['desirableWeight', 'undesirableWeight']) {
        expectError(() => f({ [option]: -1 }), RangeError, `${name}: ${option} must be finite and >= 0, got -1`);
      }
    }
    expectError(() => bco(batch, { delta: Infinity }), RangeError, 'bco: delta must be finite, got Infinity');
  });
});

describe('what is missing', () => {
  it('is named', () => {
    const x = pairLogps();
    expectError(() => rDpo(x as never, { alpha: 0.1 }), TypeError, 'rDpo: batch lacks lengths, expected { policy, reference, lengths }');
    expectError(
      () => rDpo({ ...x, lengths: {} } as never, { alpha: 0.1 }),
      TypeError,
      'rDpo: lengths lacks chosen, expected { chosen, rejected }',
    );
    expectError(() => tdpo1(x as never), TypeError, 'tdpo1: batch lacks sequentialKl, expected { policy, reference, sequentialKl }');
    const one = tensor([1]);
    expectError(() => bco({ policy: one, reference: one } as never), TypeError, 'bco: batch lacks desirable, expected { policy, reference, desirable }'); // prettier-ignore
    const lists = { policy: tensor([[-1, -2]]), reference: tensor([[-1, -2]]) };
    expectError(() => exo(lists as never), TypeError, 'exo: batch lacks rewards, expected { policy, reference, rewards }');
    const rewards = tensor([[1, 2]]);
    expectError(() => exo({ ...lists, rewards }, { tau: 0 }), RangeError, 'exo: tau must be finite and > 0, got 0');
  });

  it('is named where a list is too short, of another shape, or ragged', () => {
    const policy = tensor([[-1], [-2]]);
    expectError(
      () => plackettLuce({ policy, reference: policy }),
      RangeError,
      'plackettLuce: policy has shape [2, 1], expected at least 2 candidates',
    );
    const [two, flat] = [tensor([[-1, -2]]), tensor([-1, -2])];
    expectError(() => softmaxDpo({ policy: flat, reference: flat }), RangeError, 'softmaxDpo: policy has shape [2], expected rank 2');
    expectError(() => softmaxDpo({ policy: two, reference: policy }), RangeError, 'softmaxDpo: reference has shape [2, 1], expected [1, 2] like policy'); // prettier-ignore
    expectError(
      () => softmaxDpo({ policy: two, reference: two, rewards: two } as never),
      TypeError,
      'softmaxDpo: batch has an unknown field rewards, expected { policy, reference, mask }',
    );
    expectError(() => softmaxDpo({ policy: two, reference: two, mask: flat }), RangeError, 'softmaxDpo: mask has shape [2], expected [1, 2] like policy'); // prettier-ignore
    const ragged: X = [[-1, -2, -3], [-1, -2]]; // prettier-ignore
    expectError(
      () => plackettLuce({ policy: ragged, reference: ragged }),
      RangeError,
      'plackettLuce: policy: a list is ragged: it holds entries of shape [3] and [2]; pad it, and say with mask what counts',
    );
  });
});

describe('values inside tensors', () => {
  it.runIf(isReadable)('are named', () => {
    const x = pairLogps();
    const bad = tensor([0.5, 2, 1]);
    expectError(() => sppo<X>(x, { preference: bad }), RangeError, 'sppo: value 1 of preference must be in [0, 1], got 2');
    const beta = tensor([0.5, 0, 1]);
    expectError(() => robustDpo<X>(x, { beta }), RangeError, 'robustDpo: value 1 of beta must be finite and > 0, got 0');
    const batch = { policy: tensor([1, 2, 3]), reference: tensor([1, 2, 3]), desirable: bad };
    expectError(() => bco<X>(batch), RangeError, 'bco: value 0 of desirable must be 0 or 1, got 0.5');
    const lists = { policy: tensor([[-1, -2]]), reference: tensor([[-1, -2]]), mask: tensor([[1, 3]]) };
    expectError(() => plackettLuce<X>(lists), RangeError, 'plackettLuce: value 1 of mask must be 0 or 1, got 3');
  });

  it.skipIf(isReadable)('become NaN where they cannot be read', async () => {
    const x = pairLogps();
    const isBad = async (y: X): Promise<boolean[]> => ((await read(y)) as number[]).map(Number.isNaN);
    expect(await isBad(sppo<X>(x, { preference: tensor([0.5, 2, 1]) }))).toEqual([false, true, false]);
    expect(await isBad(calDpo<X>(x, { beta: tensor([0.5, 0, 1]) }))).toEqual([false, true, false]);
    const batch = { policy: tensor([1, 2, 3]), reference: tensor([1, 2, 3]), desirable: tensor([1, 0.5, 0]) };
    expect(await isBad(bco<X>(batch))).toEqual([false, true, false]);
    const labelled = { ...batch, desirable: tensor([1, 1, 0]) };
    expect(await isBad(bco<X>(labelled, { desirableWeight: tensor([-1, 1, -1]) }))).toEqual([true, false, false]);
    const lists = { policy: tensor([[-1, -2], [-1, -2]]), reference: tensor([[-1, -2], [-1, -2]]), mask: tensor([[1, 3], [1, 1]]) }; // prettier-ignore
    expect(await isBad(plackettLuce<X>(lists))).toEqual([true, false]);
    expect(await isBad(softmaxDpo<X>(lists))).toEqual([true, false]);
  });
});
