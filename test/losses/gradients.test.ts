import { describe, it } from 'vitest';
import {
  alphaPo,
  apoDown,
  apoZero,
  apoZeroUnpaired,
  bco,
  bcoPair,
  calDpo,
  cpo,
  discopop,
  dpop,
  exo,
  exoPair,
  fDpo,
  hinge,
  infoNca,
  lipo,
  nashMd,
  nca,
  ncaPair,
  ops,
  plackettLuce,
  pro,
  rDpo,
  robustDpo,
  robustMean,
  rrhf,
  simper,
  simpo,
  slic,
  softmaxDpo,
  sppo,
  tdpo1,
  tdpo2,
  xpoTerm,
} from '../../src/index.js';
import { expectGradients, tensor, type X } from '../support/engine.js';
import { fromFour, pair, sigmoid, weight } from '../support/samples.js';

// The gradients as the doc comments state them, with an unequal weight on each example.

const beta = 0.3;
// No log-ratio is 0, where dpop has a kink.
const four = [[-10, -31.5, -7], [-12, -30, -9.5], [-11, -30.25, -7.25], [-11, -32.5, -9]]; // prettier-ignore
const delta = four[0]!.map((_, i) => four[0]![i]! - four[2]![i]! - (four[1]![i]! - four[3]![i]!));
const [chosen, rejected] = [0, 1].map((side) => four[side]!.map((p, i) => p - four[side + 2]![i]!)) as [number[], number[]];

/** Per pair: the log-ratios of both sides, and their difference. */
type Slope = (rho: { w: number; l: number; d: number }, i: number) => number;
const along = (slope: Slope): number[] => delta.map((d, i) => weight(i) * slope({ w: chosen[i]!, l: rejected[i]!, d }, i));
const minus = (g: number[]): number[] => g.map((v) => -v);

const lengths = { chosen: [5, 6, 7], rejected: [9, 3, 7] };
const kl = { chosen: [1, 2, 3], rejected: [4, 1, 0] };
const b = beta;
const [e, tau] = [0.1, 0.2];
const logOdds = Math.log((1 - e) / e);

const discopopSlope = (h: number): number => {
  const m = sigmoid(h / tau);
  return ((m * (1 - m)) / tau) * (Math.exp(-h) + Math.log(sigmoid(h))) - (1 - m) * sigmoid(-h) - m * Math.exp(-h);
};
const dpopArgument = ({ w, l }: { w: number; l: number }): number => b * (w - l - 5 * Math.max(0, -w));

const pairwise: [string, (x: X) => X, Slope, Slope][] = [
  ['robustDpo', (x) => robustDpo<X>(x, { beta, labelSmoothing: e }), ({ d }) => -b * (sigmoid(-b * d) + e / (1 - 2 * e)), ({ d }) => b * (sigmoid(-b * d) + e / (1 - 2 * e))], // prettier-ignore
  ['hinge', (x) => hinge<X>(x, { beta }), ({ d }) => (b * d < 1 ? -b : 0), ({ d }) => (b * d < 1 ? b : 0)],
  ['exoPair', (x) => exoPair<X>(x, { beta, labelSmoothing: e }), ({ d }) => b * sigmoid(b * d) * sigmoid(-b * d) * (b * d - logOdds), ({ d }) => -b * sigmoid(b * d) * sigmoid(-b * d) * (b * d - logOdds)], // prettier-ignore
  ['ncaPair', (x) => ncaPair<X>(x, { beta }), ({ w }) => b * (sigmoid(b * w) / 2 - sigmoid(-b * w)), ({ l }) => (b * sigmoid(b * l)) / 2],
  ['bcoPair', (x) => bcoPair<X>(x, { beta, delta: 0.5 }), ({ w }) => -b * sigmoid(0.5 - b * w), ({ l }) => b * sigmoid(b * l - 0.5)],
  ['sppo', (x) => sppo<X>(x, { beta, preference: 0.75 }), ({ w }) => 2 * (w - 0.25 / b), ({ l }) => 2 * (l + 0.25 / b)],
  ['apoZero', (x) => apoZero<X>(x, { beta }), ({ w }) => -b * sigmoid(b * w) * sigmoid(-b * w), ({ l }) => b * sigmoid(b * l) * sigmoid(-b * l)], // prettier-ignore
  ['apoDown', (x) => apoDown<X>(x, { beta }), ({ w, d }) => b * (sigmoid(b * w) * sigmoid(-b * w) - sigmoid(b * d) * sigmoid(-b * d)), ({ d }) => b * sigmoid(b * d) * sigmoid(-b * d)], // prettier-ignore
  ['discopop', (x) => discopop<X>(x, { beta, tau }), ({ d }) => b * discopopSlope(b * d), ({ d }) => -b * discopopSlope(b * d)],
  ['dpop', (x) => dpop<X>(x, { beta, lambda: 5 }), (rho) => -b * sigmoid(-dpopArgument(rho)) * (rho.w < 0 ? 6 : 1), (rho) => b * sigmoid(-dpopArgument(rho))], // prettier-ignore
  ['calDpo', (x) => calDpo<X>(x, { beta, calibrationWeight: 0.5 }), ({ w, d }) => -sigmoid(-d) + (w - 0.5 / b), ({ l, d }) => sigmoid(-d) + (l + 0.5 / b)], // prettier-ignore
  ['rDpo', (x) => rDpo<X>({ ...x, lengths: pair(lengths) }, { beta, alpha: 0.2 }), ({ d }, i) => -b * sigmoid(-(b * d + 0.2 * (lengths.chosen[i]! - lengths.rejected[i]!))), ({ d }, i) => b * sigmoid(-(b * d + 0.2 * (lengths.chosen[i]! - lengths.rejected[i]!)))], // prettier-ignore
  ...(
    [
      ['jensenShannon', {}, (rho) => sigmoid(-rho), (rho) => Math.log(sigmoid(rho))],
      ['forwardKl', {}, (rho) => Math.exp(-rho), (rho) => -Math.exp(-rho)],
      ['alpha', { alpha: 0.5 }, (rho) => Math.exp(-rho / 2), (rho) => -2 * Math.exp(-rho / 2)],
    ] as [string, object, (rho: number) => number, (rho: number) => number][]
  ).map(([divergence, more, slope, g]): [string, (x: X) => X, Slope, Slope] => [
    `fDpo ${divergence}`,
    (x) => fDpo<X>(x, { beta, divergence, ...more } as never),
    ({ w, l }) => -b * sigmoid(-b * (g(w) - g(l))) * slope(w),
    ({ w, l }) => b * sigmoid(-b * (g(w) - g(l))) * slope(l),
  ]),
];

describe('pairs with a reference', () => {
  it.each(pairwise)('%s', async (_, f, ofChosen, ofRejected) => {
    const [w, l] = [along(ofChosen), along(ofRejected)];
    await expectGradients((p: X, q: X, r: X, s: X) => f(fromFour(p, q, r, s)), four, [w, l, minus(w), minus(l)]);
  });

  it('tdpo1 and tdpo2, by the divergences too', async () => {
    const policyAnd = (f: (x: X) => X) => (p: X, q: X, c: X, d: X) =>
      f({
        policy: { chosen: p, rejected: q },
        reference: pair({ chosen: four[2]!, rejected: four[3]! }),
        sequentialKl: { chosen: c, rejected: d },
      });
    const inputs = [four[0]!, four[1]!, kl.chosen, kl.rejected];
    const gap = (i: number): number => kl.rejected[i]! - kl.chosen[i]!;
    const first = along(({ d }, i) => -b * sigmoid(-b * (d - gap(i))));
    await expectGradients(policyAnd((x) => tdpo1<X>(x, { beta })), inputs, [first, minus(first), first, minus(first)]); // prettier-ignore
    const second = along(({ d }, i) => -b * sigmoid(-b * (d - 0.4 * gap(i))));
    const grads = [second, minus(second), second.map(() => 0), second.map((g) => -0.4 * g)];
    await expectGradients(policyAnd((x) => tdpo2<X>(x, { beta, alpha: 0.4 })), inputs, grads); // prettier-ignore
  });
});

describe('pairs without a reference', () => {
  const [w, l] = [[-0.5, -1.25, -3], [-1, -0.75, -3]] as const; // prettier-ignore
  const per = (slope: (w: number, l: number) => number): number[] => w.map((x, i) => weight(i) * slope(x, l[i]!));
  const reward = (x: number): number => -Math.expm1(-0.25 * x) / 0.25;

  it('cpo and simpo', async () => {
    const c = per((x, y) => b * (e - sigmoid(-b * (x - y))));
    await expectGradients((x: X, y: X) => cpo<X>({ chosen: x, rejected: y }, { beta, labelSmoothing: e }), [w, l], [c, minus(c)]);
    const s = per((x, y) => 2 * (e - sigmoid(-(2 * (x - y) - 1))));
    const f = (x: X, y: X): X => simpo<X>({ chosen: x, rejected: y }, { beta: 2, gamma: 1, labelSmoothing: e });
    await expectGradients(f, [w, l], [s, minus(s)]);
  });

  it('alphaPo', async () => {
    const outer = (x: number, y: number): number => 2 * (e - sigmoid(-(2 * (reward(x) - reward(y)) - 1)));
    const f = (x: X, y: X): X => alphaPo<X>({ chosen: x, rejected: y }, { alpha: 0.25, beta: 2, gamma: 1, labelSmoothing: e });
    const grads = [per((x, y) => outer(x, y) * Math.exp(-0.25 * x)), per((x, y) => -outer(x, y) * Math.exp(-0.25 * y))];
    await expectGradients(f, [w, l], grads);
  });

  it('slic and simper', async () => {
    const f = (x: X, y: X): X => slic<X>({ chosen: x, rejected: y }, { delta: 0.25, lambda: 0.5 });
    const isOpen = (x: number, y: number): number => (0.25 - x + y > 0 ? 1 : 0);
    await expectGradients(f, [w, l], [per((x, y) => -isOpen(x, y) - 0.5), per(isOpen)]);
    const inverse = [per((x) => -Math.exp(x)), per((_, y) => Math.exp(y))];
    await expectGradients((x: X, y: X) => simper<X>({ chosen: x, rejected: y }), [w, l], inverse);
    const near = [[-0.01, -0.5], [-0.02, -0.25]] as const; // prettier-ignore
    const nearGrads = [near[0].map((x, i) => -weight(i) * Math.exp(x)), near[1].map((y, i) => weight(i) * Math.exp(y))];
    await expectGradients((x: X, y: X) => simper<X>({ chosen: x, rejected: y }), near, nearGrads);
  });
});

describe('single examples', () => {
  const [policy, reference] = [[-10, -12, -8], [-11, -11, -10]]; // prettier-ignore
  const desirable = [1, 0, 0];
  const rho = policy.map((p, i) => p - reference[i]!);
  const weights = { desirableWeight: 2, undesirableWeight: 0.5 };
  const of = (slope: (r: number) => number, other: (r: number) => number): number[] =>
    rho.map((r, i) => weight(i) * (desirable[i] === 1 ? 2 * slope(b * r) : 0.5 * other(b * r)));
  const batch = (p: X): X => ({ policy: p, reference: tensor(reference), desirable: tensor(desirable) });

  it('apoZeroUnpaired and bco', async () => {
    const bell = (r: number): number => b * sigmoid(r) * sigmoid(-r);
    await expectGradients((p: X) => apoZeroUnpaired<X>(batch(p), { beta, ...weights }), [policy], [of((r) => -bell(r), bell)]);
    const grads = of((r) => -b * sigmoid(0.5 - r), (r) => b * sigmoid(r - 0.5)); // prettier-ignore
    await expectGradients((p: X) => bco<X>(batch(p), { beta, delta: 0.5, ...weights }), [policy], [grads]);
  });
});

describe('lists', () => {
  const policy = [[-10, -12, -13], [-21, -19, -25]]; // prettier-ignore
  const reference = [[-11, -11, -11], [-20, -20, -20]]; // prettier-ignore
  const rewards = [[2, 1, 0], [5, 4.5, 1]]; // prettier-ignore
  const r = policy.map((row, i) => row.map((p, k) => b * (p - reference[i]![k]!)));
  const softmax = (row: readonly number[]): number[] => {
    const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
    return row.map((x) => Math.exp(x) / total);
  };
  const per = (slope: (row: number[], i: number) => number[]): number[][] => r.map((row, i) => slope(row, i).map((g) => weight(i) * g));
  const wrtPolicy = (f: (x: X) => X, more: object = {}) =>
    [(p: X) => f({ policy: p, reference: tensor(reference), ...more }), [policy]] as const;
  const rewarded = () => ({ rewards: tensor(rewards) });
  const target = (i: number): number[] => softmax(rewards[i]!.map((x) => x / 2));

  it('plackettLuce and softmaxDpo', async () => {
    const tails = (row: number[]): number[] =>
      row.map((_, j) => b * (row.slice(0, j + 1).reduce((sum, __, k) => sum + softmax(row.slice(k))[j - k]!, 0) - 1));
    await expectGradients(...wrtPolicy((x) => plackettLuce<X>(x, { beta })), [per(tails)]);
    const one = (row: number[]): number[] => softmax(row).map((q, k) => b * (k === 0 ? q - 1 : q));
    await expectGradients(...wrtPolicy((x) => softmaxDpo<X>(x, { beta })), [per(one)]);
  });

  it('exo, infoNca and nca', async () => {
    const reverse = (row: number[], i: number): number[] => {
      const [q, p] = [softmax(row), target(i)];
      const loss = q.reduce((sum, x, k) => sum + x * Math.log(x / p[k]!), 0);
      return q.map((x, k) => b * x * (Math.log(x / p[k]!) - loss));
    };
    await expectGradients(...wrtPolicy((x) => exo<X>(x, { beta, tau: 2 }), rewarded()), [per(reverse)]);
    const forward = (row: number[], i: number): number[] => softmax(row).map((q, k) => b * (q - target(i)[k]!));
    await expectGradients(...wrtPolicy((x) => infoNca<X>(x, { beta, tau: 2 }), rewarded()), [per(forward)]);
    const each = (row: number[], i: number): number[] => row.map((x, k) => b * (sigmoid(x) / 3 - target(i)[k]! * sigmoid(-x)));
    await expectGradients(...wrtPolicy((x) => nca<X>(x, { beta, tau: 2 }), rewarded()), [per(each)]);
  });

  it('lipo', async () => {
    const slope = (row: number[], i: number): number[] => {
      const discount = row.map((x) => 1 / Math.log(2 + row.filter((y) => y > x).length));
      const gain = rewards[i]!.map((x) => 2 ** x - 1);
      const grads = row.map(() => 0);
      row.forEach((x, j) => {
        row.forEach((y, k) => {
          if (rewards[i]![j]! <= rewards[i]![k]!) return;
          const pull = b * Math.abs(gain[j]! - gain[k]!) * Math.abs(discount[j]! - discount[k]!) * sigmoid(y - x);
          grads[j]! -= pull;
          grads[k]! += pull;
        });
      });
      return grads;
    };
    await expectGradients(...wrtPolicy((x) => lipo<X>(x, { beta }), rewarded()), [per(slope)]);
  });

  it('lipo has none by its rewards: the weights are constants', async () => {
    const loss = (given: X): X => lipo<X>({ policy: tensor(policy), reference: tensor(reference), rewards: given });
    // Beside a term that has one: a function of constants alone has no gradient to ask for.
    const f = (given: X): X => ops.add(loss(given), ops.sum<X>(given, -1));
    await expectGradients(f, [rewards], [rewards.map((row, i) => row.map(() => weight(i)))]);
  });

  it('pro and rrhf', async () => {
    const logps = [[-0.5, -1, -1.5], [-2, -0.5, -1]]; // prettier-ignore
    const f = (p: X): X => pro<X>({ policy: p, rewards: tensor(rewards) });
    const slope = logps.map((row, n) => {
      const grads = row.map(() => 0);
      for (let k = 0; k < 2; k++) {
        const gaps = rewards[n]!.slice(k + 1).map((x) => rewards[n]![k]! - x);
        const temperatures = [Math.max(...gaps), ...gaps];
        const w = softmax(temperatures.map((t, i) => t * row[k + i]!));
        temperatures.forEach((t, i) => {
          grads[k + i]! += t * (i === 0 ? w[0]! - 1 : w[i]!);
        });
      }
      return grads.map((g) => weight(n) * g);
    });
    await expectGradients(f, [logps], [slope]);
    const counts = [[0, 0, 0], [-2, 1, 1]].map((row, n) => row.map((g) => weight(n) * g)); // prettier-ignore
    await expectGradients((p: X) => rrhf<X>({ policy: p, rewards: tensor(rewards) }), [logps], [counts]);
  });
});

describe('terms and reductions', () => {
  it('xpoTerm, nashMd and robustMean', async () => {
    await expectGradients((x: X) => xpoTerm<X>(x, { alpha: 0.5 }), [[-4, -8]], [[0.5 * weight(0), 0.5 * weight(1)]]);
    const [policy, reference, mask] = [[[-1, -2, -3]], [[-1.5, -1, -9]], [[1, 1, 0]]]; // prettier-ignore
    const f = (p: X, q: X): X => nashMd<X>({ policy: p, reference: q, mask: tensor(mask) }, { beta: 0.2, preference: 0.75 });
    const slope = [weight(0) * (0.2 * 0.5 - 0.25), weight(0) * (0.2 * -1 - 0.25), 0];
    await expectGradients(f, [policy, reference], [[slope], [[0, 0, 0]]]);
    const values = [0.5, 0.75, 4];
    const shares = values.map((v) => Math.exp(-v / 2));
    const total = shares.reduce((sum, v) => sum + v, 0);
    await expectGradients((x: X) => robustMean<X>(x, { betaPrime: 2 }), [values], [shares.map((v) => (weight(0) * v) / total)]);
  });
});
