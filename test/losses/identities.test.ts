import { describe, expect, it } from 'vitest';
import {
  alphaPo,
  aot,
  aotUnpaired,
  apoDown,
  apoZero,
  apoZeroUnpaired,
  bco,
  bcoPair,
  bradleyTerry,
  calDpo,
  cpo,
  discopop,
  dpo,
  dpop,
  exo,
  exoPair,
  fDpo,
  hinge,
  implicitRewards,
  infoNca,
  ipo,
  klEstimate,
  kto,
  lipo,
  logRatioMargin,
  nca,
  ncaPair,
  ops,
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
import { expectGradients, expectValues, read, tensor, type X } from '../support/engine.js';
import { delta, four, fromFour, pair, pairLogps, sample, weight } from '../support/samples.js';

// What the losses are to each other, and what they are where that is known.

const zero = (n = 3): X => tensor(new Array(n).fill(0));
const same = { policy: pair(sample.policy), reference: pair(sample.policy) };

/** Asserts that two tensors hold the same numbers, up to rounding. */
const expectSame = async (actual: X, expected: X, scale = 8): Promise<void> => {
  await expectValues(actual, (await read(expected)) as number[], scale);
};

/** A pair as a list of two candidates, the chosen one first. */
const asLists = (logps = sample) => {
  const list = ({ chosen, rejected }: (typeof sample)['policy']): X => tensor(chosen.map((c, i) => [c, rejected[i]!]));
  return { policy: list(logps.policy), reference: list(logps.reference) };
};

describe('where policy and reference agree', () => {
  const ln2 = Math.LN2;
  const cases: [string, () => X, number][] = [
    ['dpo', () => dpo<X>(same), ln2],
    ['robustDpo', () => robustDpo<X>(same, { labelSmoothing: 0.2 }), ln2],
    ['hinge', () => hinge<X>(same), 1],
    ['exoPair', () => exoPair<X>(same), -ln2 - (Math.log1p(-1e-3) + Math.log(1e-3)) / 2],
    ['ncaPair', () => ncaPair<X>(same), 2 * ln2],
    ['bcoPair', () => bcoPair<X>(same), 2 * ln2],
    ['sppo', () => sppo<X>(same), 50],
    ['apoZero', () => apoZero<X>(same), 1],
    ['apoDown', () => apoDown<X>(same), 1],
    ['discopop', () => discopop<X>(same), (ln2 + 1) / 2],
    ['aot', () => aot<X>(same), ln2],
    ['dpop', () => dpop<X>(same), ln2],
    ['fDpo', () => fDpo<X>(same, { divergence: 'jensenShannon' }), ln2],
    ['calDpo', () => calDpo<X>(same), ln2 + 50],
    ['tdpo1', () => tdpo1<X>({ ...same, sequentialKl: { chosen: zero(), rejected: zero() } }), ln2],
    ['plackettLuce', () => plackettLuce<X>({ policy: tensor([[-1, -2, -3]]), reference: tensor([[-1, -2, -3]]) }), Math.log(6)],
    ['softmaxDpo', () => softmaxDpo<X>({ policy: tensor([[-1, -2, -3]]), reference: tensor([[-1, -2, -3]]) }), Math.log(3)],
  ];
  it.each(cases)('%s has its value', async (_, f, expected) => {
    const values = await read(f());
    await expectValues(
      f(),
      (values as number[]).map(() => expected),
    );
  });

  it('aotUnpaired is ln 2 where both sides also have the same log-ratios', async () => {
    await expectValues(aotUnpaired<X>(same), [Math.LN2, Math.LN2, Math.LN2]);
  });
});

describe('lists of two candidates are pairs', () => {
  const e = 0.05;
  /** Rewards whose softmax is (1 - e, e), and (1, 0). */
  const smoothed = () => tensor(delta.map(() => [Math.log((1 - e) / e), 0]));
  const hard = () => tensor(delta.map(() => [1e4, 0]));

  it('plackettLuce and softmaxDpo are dpo', async () => {
    await expectSame(plackettLuce<X>(asLists()), dpo(pairLogps()));
    await expectSame(softmaxDpo<X>(asLists(), { beta: 0.5 }), dpo(pairLogps(), { beta: 0.5 }));
  });

  it('exo is exoPair, infoNca dpo, nca ncaPair', async () => {
    await expectSame(exo<X>({ ...asLists(), rewards: smoothed() }), exoPair(pairLogps(), { labelSmoothing: e }));
    await expectSame(exo<X>({ ...asLists(), rewards: ops.mul(smoothed(), 3) }, { tau: 3 }), exoPair(pairLogps(), { labelSmoothing: e }));
    await expectSame(infoNca<X>({ ...asLists(), rewards: hard() }), dpo(pairLogps()));
    await expectSame(infoNca<X>({ ...asLists(), rewards: smoothed() }), dpo(pairLogps(), { labelSmoothing: e }));
    await expectSame(nca<X>({ ...asLists(), rewards: hard() }), ncaPair(pairLogps()));
  });

  it('lipo is dpo times the weight of swapping the two', async () => {
    const weight = 3 * (1 / Math.log(2) - 1 / Math.log(3));
    const rewards = tensor(delta.map(() => [2, 0]));
    await expectSame(lipo<X>({ ...asLists(), rewards }), ops.mul(dpo<X>(pairLogps()), weight));
  });

  it('lipo keeps the digits of rewards near 0: its gain is the reward times ln 2 there', async () => {
    const weight = 1e-7 * Math.LN2 * (1 / Math.log(2) - 1 / Math.log(3));
    const rewards = tensor(delta.map(() => [1e-7, 0]));
    const scaled = ops.div(lipo<X>({ ...asLists(), rewards }), weight);
    const correction = 1 + (1e-7 * Math.LN2) / 2; // of 2^x - 1 = x ln 2 (1 + x ln 2 / 2 + ...)
    await expectSame(scaled, ops.mul(dpo<X>(pairLogps()), correction));
  });

  it('candidates of equal rewards do not compete in rrhf', async () => {
    const lists = { policy: tensor([[-0.5, -1, -2]]), rewards: tensor([[1, 1, 1]]) };
    await expectValues(rrhf<X>(lists), [0]);
  });

  it('rrhf and pro are a hinge and a logistic loss', async () => {
    const [chosen, rejected] = [[-0.5, -1, -2], [-1, -0.25, -2]]; // prettier-ignore
    const policy = tensor(chosen.map((c, i) => [c, rejected[i]!]));
    const rewards = tensor(chosen.map(() => [3, 1]));
    await expectValues(rrhf<X>({ policy, rewards }), [0, 0.75, 0]);
    await expectSame(pro<X>({ policy, rewards }), cpo(pair({ chosen, rejected }), { beta: 2 }));
  });
});

describe('a masked candidate is a candidate left out', () => {
  // Padding that would spoil everything that it touched.
  const three = {
    policy: [[-10, -12, -13, NaN], [-20, -19, -25, -1e30]],
    reference: [[-11, -11, -11, NaN], [-20, -20, -20, 0]],
    rewards: [[2, 1, 0, NaN], [5, 4.5, 1, 1e30]],
  }; // prettier-ignore
  const mask = [[1, 1, 1, 0], [1, 1, 1, 0]]; // prettier-ignore
  const cut = (rows: number[][]): X => tensor(rows.map((row) => row.slice(0, 3)));
  const full = (rows: number[][]): X => tensor(rows);

  const cases: [string, (get: (rows: number[][]) => X, more: object) => X][] = [
    ['plackettLuce', (get, more) => plackettLuce<X>({ policy: get(three.policy), reference: get(three.reference), ...more })],
    ['softmaxDpo', (get, more) => softmaxDpo<X>({ policy: get(three.policy), reference: get(three.reference), ...more })],
    ['exo', (get, more) => exo<X>({ policy: get(three.policy), reference: get(three.reference), rewards: get(three.rewards), ...more })],
    [
      'infoNca',
      (get, more) => infoNca<X>({ policy: get(three.policy), reference: get(three.reference), rewards: get(three.rewards), ...more }),
    ],
    ['nca', (get, more) => nca<X>({ policy: get(three.policy), reference: get(three.reference), rewards: get(three.rewards), ...more })],
    ['lipo', (get, more) => lipo<X>({ policy: get(three.policy), reference: get(three.reference), rewards: get(three.rewards), ...more })],
    ['pro', (get, more) => pro<X>({ policy: get(three.policy), rewards: get(three.rewards), ...more })],
    ['rrhf', (get, more) => rrhf<X>({ policy: get(three.policy), rewards: get(three.rewards), ...more })],
  ];
  it.each(cases)('in %s', async (_, f) => {
    await expectSame(f(full, { mask: tensor(mask) }), f(cut, {}), 20);
    await expectSame(f(full, { mask: tensor(mask, 'bool') }), f(cut, {}), 20);
    await expectSame(f(full, { mask: tensor(mask, 'int') }), f(cut, {}), 20);
  });

  it.each(cases)('in %s, wherever it stands', async (name, f) => {
    const moved = (rows: number[][]): X => tensor(rows.map((row) => [row[0]!, row[3]!, row[1]!, row[2]!]));
    await expectSame(f(moved, { mask: tensor(mask.map(() => [1, 0, 1, 1])) }), f(cut, {}), 20);
    if (name === 'softmaxDpo') return; // without its chosen one there is nothing to learn
    const late = (rows: number[][]): X => tensor(rows.map((row) => [row[3]!, row[0]!, row[1]!, row[2]!]));
    await expectSame(f(late, { mask: tensor(mask.map(() => [0, 1, 1, 1])) }), f(cut, {}), 20);
  });

  it.each(cases)('in %s, of which a list of one or none is 0', async (name, f) => {
    const short = [[1, 0, 0, 0], [0, 0, 0, 0]]; // prettier-ignore
    const [one, none] = (await read(f(full, { mask: tensor(short) }))) as [number, number];
    expect(none === 0).toBe(true); // -0 is 0, too
    // A lone candidate is still a candidate to nca.
    if (name === 'nca') expect(one).toBeGreaterThan(0);
    else expect(Math.abs(one)).toBeLessThan(1e-6);
  });

  it.each(cases)('in %s, of which a list of none has no gradient', async (_, f) => {
    const empty = tensor([[0, 0, 0, 0], [0, 0, 0, 0]]); // prettier-ignore
    const of = (p: X) => (rows: number[][]): X => (rows === three.policy ? p : tensor(rows)); // prettier-ignore
    // Differences cannot be taken of padding that is not finite.
    const policy = [[-10, -12, -13, 0], [-20, -19, -25, 0]]; // prettier-ignore
    await expectGradients((p: X) => f(of(p), { mask: empty }), [policy], [policy.map((row) => row.map(() => 0))]);
  });

  it('in softmaxDpo, which is 0 without the chosen one', async () => {
    const lists = { policy: tensor([[-1, -2, -3]]), reference: tensor([[-2, -2, -2]]) };
    await expectValues(softmaxDpo<X>({ ...lists, mask: tensor([[0, 1, 1]]) }), [0]);
  });
});

describe('options at the end of their range', () => {
  it('robustDpo, aot and cpo without label smoothing are without it', async () => {
    await expectSame(robustDpo(pairLogps(), { labelSmoothing: 0 }), dpo(pairLogps()));
    await expectSame(aot(pairLogps(), { labelSmoothing: 0 }), aot(pairLogps()));
    await expectSame(cpo(pair(sample.policy), { labelSmoothing: 0 }), cpo(pair(sample.policy)));
  });

  it('robustDpo is unbiased: labels that flip with its probability give the loss on clean ones', async () => {
    const e = 0.3;
    const flipped = { policy: swapped(sample.policy), reference: swapped(sample.reference) };
    const mixed = ops.add(
      ops.mul(robustDpo<X>(pairLogps(), { labelSmoothing: e }), 1 - e),
      ops.mul(robustDpo<X>(pairLogps(flipped), { labelSmoothing: e }), e),
    );
    await expectSame(mixed, dpo(pairLogps()));
  });

  it('dpop without penalty, tdpo2 and rDpo without alpha are dpo', async () => {
    await expectSame(dpop(pairLogps(), { lambda: 0 }), dpo(pairLogps()));
    const sequentialKl = pair({ chosen: [1, 2, 3], rejected: [4, 1, 0] });
    await expectSame(tdpo2<X>({ ...pairLogps(), sequentialKl }, { alpha: 0 }), dpo(pairLogps()));
    const lengths = pair({ chosen: [5, 6, 7], rejected: [9, 3, 7] });
    await expectSame(rDpo<X>({ ...pairLogps(), lengths }, { alpha: 0 }), dpo(pairLogps()));
  });

  it('rDpo is dpo with an offset, tdpo1 and tdpo2 too', async () => {
    const lengths = { chosen: [5, 6, 7], rejected: [9, 3, 7] };
    const offset = tensor(lengths.chosen.map((n, i) => 0.05 * (lengths.rejected[i]! - n)));
    await expectSame(rDpo<X>({ ...pairLogps(), lengths: pair(lengths) }, { alpha: 0.05 }), dpo<X>(pairLogps(), { offset }));
    const kl = { chosen: [1, 2, 3], rejected: [4, 1, 0] };
    const gap = (scale: number): X => tensor(kl.chosen.map((c, i) => scale * (kl.rejected[i]! - c)));
    await expectSame(tdpo1<X>({ ...pairLogps(), sequentialKl: pair(kl) }), dpo<X>(pairLogps(), { offset: gap(0.1) }));
    await expectSame(tdpo2<X>({ ...pairLogps(), sequentialKl: pair(kl) }, { alpha: 0.5 }), dpo<X>(pairLogps(), { offset: gap(0.05) }));
  });

  it('calDpo without calibration is dpo at beta 1', async () => {
    await expectSame(calDpo(pairLogps(), { calibrationWeight: 0 }), dpo(pairLogps(), { beta: 1 }));
  });

  it('sppo takes a preference per pair, with one beta or one per pair', async () => {
    const rho = [[1, -1], [-1.25, 2.5], [0, 0]] as const; // prettier-ignore
    const [preferences, betas] = [[0.75, 0.5, 1], [0.5, 1, 0.25]]; // prettier-ignore
    const expected = (betaOf: (i: number) => number): number[] =>
      rho.map(([w, l], i) => {
        const target = (preferences[i]! - 0.5) / betaOf(i);
        return (w - target) ** 2 + (l + target) ** 2;
      });
    await expectValues(sppo<X>(pairLogps(), { beta: 0.5, preference: tensor(preferences) }), expected(() => 0.5), 30); // prettier-ignore
    await expectValues(sppo<X>(pairLogps(), { beta: tensor(betas), preference: tensor(preferences) }), expected((i) => betas[i]!), 30); // prettier-ignore
  });

  it('sppo with an even preference draws both log-ratios to 0', async () => {
    const rewards = implicitRewards<X>(pairLogps(), { beta: 1 });
    const squares = ops.add(ops.square<X>(rewards.chosen), ops.square<X>(rewards.rejected));
    await expectSame(sppo(pairLogps(), { preference: 0.5 }), squares, 20);
  });

  it('fDpo under the reverse KL is dpo, under alpha 1 forward KL, and near dpo for a small alpha', async () => {
    const small = pairLogps({
      policy: { chosen: [-1, -2, -3], rejected: [-3, -1, -3] },
      reference: { chosen: [-2, -2, -2], rejected: [-2, -2, -2] },
    });
    await expectSame(fDpo(small), dpo(small));
    await expectSame(fDpo(small, { divergence: 'reverseKl' }), dpo(small));
    await expectSame(fDpo(small, { divergence: 'alpha', alpha: 1 }), fDpo(small, { divergence: 'forwardKl' }));
    await expectSame(fDpo(small, { divergence: 'alpha', alpha: 1e-13 }), dpo(small));
    await expectSame(fDpo(small, { divergence: 'alpha' }), fDpo(small, { divergence: 'alpha', alpha: 0.5 }));
  });

  it('fDpo cuts exponents off, with zero gradient beyond', async () => {
    const far = (chosen: X): X =>
      fDpo<X>(
        { policy: { chosen, rejected: zero(1) }, reference: pair({ chosen: [0], rejected: [0] }) },
        { divergence: 'forwardKl', maxExponent: 3 },
      );
    await expectValues(far(tensor([-5])), [Math.log1p(Math.exp(0.1 * Math.expm1(3)))]);
    await expectGradients(far, [[-5]], [[0]]);
    const alpha = (chosen: X): X =>
      fDpo<X>(
        { policy: { chosen, rejected: zero(1) }, reference: pair({ chosen: [0], rejected: [0] }) },
        { divergence: 'alpha', alpha: 2, maxExponent: 3 },
      );
    await expectValues(alpha(tensor([-5])), [Math.log1p(Math.exp((0.1 * Math.expm1(3)) / 2))]);
  });

  it('simpo without margin is cpo on averages; both ways to state the margin agree', async () => {
    const logps = () => pair({ chosen: [-0.5, -1], rejected: [-1, -0.75] });
    await expectSame(simpo<X>(logps(), { beta: 2, gamma: 0 }), cpo<X>(logps(), { beta: 2 }));
    await expectSame(simpo<X>(logps(), { beta: 2, gamma: 1.5 }), simpo<X>(logps(), { beta: 2, gammaBetaRatio: 0.75 }));
    await expectSame(
      alphaPo<X>(logps(), { alpha: 0.3, beta: 2, gamma: 1.5 }),
      alphaPo<X>(logps(), { alpha: 0.3, beta: 2, gammaBetaRatio: 0.75 }),
    );
    await expectSame(alphaPo<X>(logps(), { alpha: 1e-13, beta: 2, gamma: 1 }), simpo<X>(logps(), { beta: 2, gamma: 1 }));
  });

  it('alphaPo cuts exponents off', async () => {
    const logps = pair({ chosen: [-5], rejected: [-1] });
    const reward = (exponent: number): number => -Math.expm1(exponent) / 2;
    const h = 0.5 * (reward(3) - reward(2)) - 1;
    await expectValues(alphaPo<X>(logps, { alpha: 2, beta: 0.5, gamma: 1, maxExponent: 3 }), [Math.log1p(Math.exp(-h))]);
  });

  it('slic without its regulariser is a hinge of nats', async () => {
    const logps = pair(sample.policy);
    await expectSame(slic<X>(logps, { lambda: 0 }), hinge<X>({ policy: logps }, { beta: 1 }), 40);
  });

  it('tpo is its contrastive loss minus the gold log-prob', async () => {
    const logps = pair({ chosen: [-0.5, -1], rejected: [-1, -0.75] });
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
});

describe('minima', () => {
  it('exoPair is 0 at the log-odds of its label', async () => {
    const beta = 0.1;
    const margin = Math.log(0.9 / 0.1) / beta;
    const f = (chosen: X): X =>
      exoPair<X>({ policy: { chosen, rejected: zero(1) }, reference: pair({ chosen: [0], rejected: [0] }) }, { labelSmoothing: 0.1 });
    await expectValues(f(tensor([margin])), [0]);
  });

  it('sppo is 0 where both log-ratios are at their targets', async () => {
    const logps = pairLogps({ policy: { chosen: [4, 0, 0], rejected: [-4, 0, 0] }, reference: { chosen: [0, 0, 0], rejected: [0, 0, 0] } });
    await expectValues(sppo<X>(logps, { beta: 0.125 }), [0, 32, 32]);
    await expectValues(sppo<X>(logps, { beta: 0.0625, preference: 0.75 }), [0, 32, 32]);
  });
});

describe('signs', () => {
  it('a swapped pair adds or takes away the margin', async () => {
    const back = { policy: swapped(sample.policy), reference: swapped(sample.reference) };
    const h = ops.mul(logRatioMargin<X>(pairLogps()), 0.1);
    for (const f of [dpo<X>, (x: X) => fDpo<X>(x), (x: X) => dpop<X>(x, { lambda: 0 })]) {
      await expectSame(ops.sub(f(pairLogps(back)), f(pairLogps())), h);
    }
    const free = [(x: X) => cpo<X>(x), (x: X) => simpo<X>(x, { beta: 0.1, gamma: 0 })];
    const margin = tensor(sample.policy.chosen.map((c, i) => 0.1 * (c - sample.policy.rejected[i]!)));
    for (const f of free) await expectSame(ops.sub(f(pair(swapped(sample.policy))), f(pair(sample.policy))), margin);
  });

  it('simper and apoDown change sides with the pair', async () => {
    const logps = { chosen: [-0.5, -1], rejected: [-1, -0.75] };
    await expectSame(simper<X>(pair(swapped(logps))), ops.neg<X>(simper<X>(pair(logps))));
  });

  it('kto is symmetric: an undesirable example is a desirable one seen from the other side', async () => {
    const [rho, kl] = [[1, -2, 0.5], 0.25];
    const loss = (values: number[], desirable: number, point: number): X =>
      kto<X>({ policy: tensor(values), reference: zero(), desirable: tensor([desirable, desirable, desirable]), kl: point });
    await expectSame(loss(rho, 0, kl), loss(rho.map((v) => -v), 1, -kl)); // prettier-ignore
    await expectSame(ops.add(loss(rho, 0, kl), loss(rho, 1, kl)), tensor([1, 1, 1]));
  });
});

describe('single examples', () => {
  const examples = (desirable: number[]): X => ({
    policy: tensor([-10, -12]),
    reference: tensor([-11, -11]),
    desirable: tensor(desirable),
  });
  const oneEach = () => examples([1, 0]);
  const asPair = () => ({ policy: pair({ chosen: [-10], rejected: [-12] }), reference: pair({ chosen: [-11], rejected: [-11] }) });

  it('apoZeroUnpaired is kto at the reference point 0', async () => {
    await expectSame(apoZeroUnpaired<X>(oneEach()), kto<X>({ ...oneEach(), kl: 0 }));
    const weights = { desirableWeight: 2, undesirableWeight: 0.5 };
    await expectSame(apoZeroUnpaired<X>(oneEach(), weights), kto<X>({ ...oneEach(), kl: 0 }, weights));
  });

  it('two of them make a pair of apoZero, and of bcoPair', async () => {
    await expectValues(ops.sum<X>(apoZeroUnpaired<X>(oneEach())), ((await read(apoZero<X>(asPair()))) as number[])[0]!);
    await expectValues(ops.sum<X>(bco<X>(oneEach(), { delta: 0.5 })), ((await read(bcoPair<X>(asPair(), { delta: 0.5 }))) as number[])[0]!);
  });

  it('bco weighs by class, one weight or one per example', async () => {
    const plain = (await read(bco<X>(oneEach()))) as [number, number];
    await expectValues(bco<X>(oneEach(), { desirableWeight: 2, undesirableWeight: 3 }), [2 * plain[0], 3 * plain[1]]);
    const perExample = { desirableWeight: tensor([2, 7]), undesirableWeight: tensor([9, 3]) };
    await expectValues(bco<X>(oneEach(), perExample), [2 * plain[0], 3 * plain[1]]);
  });

  it('kto takes the estimate of the batch', async () => {
    const kl = klEstimate<X>({ policy: tensor([-1, -2]), reference: tensor([-2, -2.5]) });
    await expectSame(kto<X>({ ...oneEach(), kl }), kto<X>({ ...oneEach(), kl: 0.75 }));
  });
});

describe('batches of one', () => {
  it('are dpo to aot and aotUnpaired', async () => {
    const one = { policy: pair({ chosen: [-10], rejected: [-12] }), reference: pair({ chosen: [-11], rejected: [-11] }) };
    const options = { beta: 0.3, labelSmoothing: 0.1 };
    await expectSame(aot<X>(one, options), dpo<X>(one, options));
    await expectSame(aotUnpaired<X>(one, options), dpo<X>(one, options));
  });

  it('aot does not care for the order of the pairs, aotUnpaired not for who stands beside whom', async () => {
    const turn = (values: number[]): number[] => [values[2]!, values[0]!, values[1]!];
    const turned = {
      policy: { chosen: turn(sample.policy.chosen), rejected: turn(sample.policy.rejected) },
      reference: { chosen: turn(sample.reference.chosen), rejected: turn(sample.reference.rejected) },
    };
    await expectSame(aot(pairLogps(turned)), aot(pairLogps()));
    const apart = {
      policy: { ...sample.policy, chosen: turn(sample.policy.chosen) },
      reference: { ...sample.reference, chosen: turn(sample.reference.chosen) },
    };
    await expectSame(aotUnpaired(pairLogps(apart)), aotUnpaired(pairLogps()));
  });
});

describe('rewards', () => {
  it('bradleyTerry of implicit rewards is dpo', async () => {
    await expectSame(bradleyTerry<X>(implicitRewards<X>(pairLogps())), dpo(pairLogps()));
  });

  it('hinge is 0 from the margin 1 / beta on', async () => {
    const f = (chosen: X): X => hinge<X>({ policy: { chosen, rejected: zero(2) } }, { beta: 0.5 });
    await expectValues(f(tensor([2, 3])), [0, 0]);
    await expectGradients(f, [[3, 1]], [[0, -0.5 * weight(1)]]);
  });

  it('discopop is the logistic loss far behind, and vanishes far ahead', async () => {
    const at = (margin: number): X =>
      discopop<X>({ policy: pair({ chosen: [margin], rejected: [0] }), reference: pair({ chosen: [0], rejected: [0] }) });
    await expectValues(at(-100), [Math.log1p(Math.exp(-10)) + 10], 10);
    await expectValues(at(1000), [0]);
  });

  it('apoDown pulls both sides down', async () => {
    const f = (a: X, b: X, c: X, d: X): X => apoDown<X>(fromFour(a, b, c, d));
    const quarter = delta.map((_, i) => 0.1 * 0.25 * weight(i));
    const agree = [four[0]!, four[1]!, four[0]!, four[1]!];
    // There the pull of the reward and the push of the margin cancel on the chosen side.
    await expectGradients(f, agree, [quarter.map(() => 0), quarter, quarter.map(() => 0), quarter.map((g) => -g)]); // prettier-ignore
  });
});

function swapped<V>({ chosen, rejected }: { chosen: V; rejected: V }): { chosen: V; rejected: V } {
  return { chosen: rejected, rejected: chosen };
}
