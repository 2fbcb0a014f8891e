import {
  anchor,
  bcoPair,
  divergenceScores,
  dpo,
  ipo,
  klEstimate,
  kto,
  lossNamed,
  ops,
  orpo,
  regression,
  rewardShift,
  rewardStatistics,
  tdpo2,
  xpoTerm,
  type PairLogps,
} from '../../src/index.js';
import type { X } from './engine.js';
import type { Call } from './goldens.js';

type Fields = Parameters<Call>[0];

const pairsOf = (x: Fields): PairLogps<X> => ({
  policy: { chosen: x.policyChosen, rejected: x.policyRejected },
  reference: { chosen: x.referenceChosen, rejected: x.referenceRejected },
});

/** Log-prob of an image, from the error of a predicted number. */
const ofError = (error: X): X => ops.mul(ops.square(error), -0.5);

/** The recipes of docs/recipes.md that originals were executed for, as functions of the fields and options of their golden files. */
export const RECIPES: Readonly<Record<string, Call>> = {
  bcoPairRunning: (x, { beta }) => {
    const earlier = {
      policy: { chosen: x.earlierPolicyChosen, rejected: x.earlierPolicyRejected },
      reference: { chosen: x.earlierReferenceChosen, rejected: x.earlierReferenceRejected },
    };
    const logps = pairsOf(x);
    const meanReward = (batch: PairLogps<X>): X => rewardShift(rewardStatistics<X>(batch, { beta }));
    return bcoPair<X>(logps, { beta, delta: ops.div(ops.add(meanReward(earlier), meanReward(logps)), 2) });
  },
  chip: (x, { beta, alpha }) => {
    const { policy, reference } = pairsOf(x);
    const twice = (chosen: X, imageless: X): X => ops.sub(ops.mul(chosen, 2), imageless);
    return tdpo2<X>(
      {
        policy: { chosen: twice(policy.chosen, x.policyImageless), rejected: policy.rejected },
        reference: { chosen: twice(reference.chosen, x.referenceImageless), rejected: reference.rejected },
        sequentialKl: { chosen: x.chosenKl, rejected: x.rejectedKl },
      },
      { beta, alpha },
    );
  },
  diffusionDpo: (x, { beta }) => {
    const logps = Object.fromEntries(Object.entries(x).map(([field, error]) => [field, ofError(error)]));
    return dpo<X>(pairsOf(logps), { beta });
  },
  diffusionKto: ({ policy, reference, desirable }, { beta, ...weights }) => {
    const logps = { policy: ofError(policy), reference: ofError(reference) };
    const kl = klEstimate<X>(logps);
    return kto<X>({ ...logps, desirable, kl }, { beta: 2 * (beta as number), ...weights }); // its log-probs are twice as large
  },
  divergenceUnder: (x, { loss, divergence, alpha, ...options }) => {
    const scores = divergenceScores<X>(pairsOf(x), { divergence, alpha });
    const constant = divergence === 'jensenShannon' ? Math.LN2 : 0;
    const perToken = (score: X, lengths: X): X => ops.div(ops.add(score, constant), lengths);
    const policy =
      'chosenLengths' in x
        ? { chosen: perToken(scores.chosen, x.chosenLengths), rejected: perToken(scores.rejected, x.rejectedLengths) }
        : scores;
    const zeros = ops.mul(x.referenceChosen, 0);
    const reference = { chosen: zeros, rejected: zeros };
    return lossNamed(loss as 'dpo').loss<X>(loss === 'hinge' || loss === 'ipo' ? { policy } : { policy, reference }, options);
  },
  dpoWithBco: (x, { beta, delta, weight }) => {
    const logps = pairsOf(x);
    const sum = ops.add(dpo<X>(logps, { beta }), ops.mul(bcoPair<X>(logps, { beta, delta }), weight));
    return ops.div(sum, 1 + (weight as number));
  },
  dpoWithNll: (x, { beta, alpha }) => ops.add(dpo<X>(pairsOf(x), { beta }), ops.mul(x.nll, alpha)),
  idkDpo: (x, { beta }) => ops.mul(dpo<X>(pairsOf(x), { beta }), 2 / (beta as number)),
  ktoPair: (x, { beta }) => {
    const { policy, reference } = pairsOf(x);
    const meanOf = (side: 'chosen' | 'rejected'): X => ops.maximum(ops.mean(ops.sub(policy[side], reference[side])), 0);
    const [chosen, rejected] = [
      { policy: policy.chosen, reference: reference.chosen, desirable: ops.add(ops.mul(reference.chosen, 0), 1), kl: meanOf('rejected') },
      { policy: policy.rejected, reference: reference.rejected, desirable: ops.mul(reference.rejected, 0), kl: meanOf('chosen') },
    ];
    return ops.concat<X>([kto<X>(chosen, { beta }), kto<X>(rejected, { beta })]);
  },
  mallowsDpo: (x, { beta, phi }) => dpo<X>(pairsOf(x), { beta: ops.mul(ops.log(x.entropy), -(beta as number) * (phi as number)) }),
  mallowsIpo: (x, { beta, phi }) => {
    const dispersion = ops.mul(ops.log(x.entropy), -(phi as number));
    return ops.mul(ops.square(dispersion), ipo<X>(pairsOf(x), { beta: ops.mul(dispersion, beta) }));
  },
  mdpo: (x, { beta }) => {
    const logps = pairsOf(x);
    const chosen = { policy: logps.policy.chosen, reference: logps.reference.chosen };
    const images = {
      policy: { chosen: chosen.policy, rejected: x.policyImageless },
      reference: { chosen: chosen.reference, rejected: x.referenceImageless },
    };
    return ops.add(ops.add(dpo<X>(logps, { beta }), dpo<X>(images, { beta })), anchor<X>(chosen, { beta }));
  },
  mlxDpop: (x, { beta, delta }) => {
    const logps = pairsOf(x);
    const penalty = ops.relu(ops.sub(logps.reference.chosen as X, logps.policy.chosen));
    return ops.add(dpo<X>(logps, { beta }), ops.mul(penalty, delta));
  },
  modpo: (x, { beta, weight }) => {
    const [w, gap] = [weight as number, ops.sub(x.rewardsChosen, x.rewardsRejected)];
    return dpo<X>(pairsOf(x), { beta: (beta as number) / w, offset: ops.mul(gap, (1 - w) / w) });
  },
  qrpoByLength: (x, { beta }) => {
    const betas = ops.minimum(ops.div(beta, x.lengths), 0.1);
    const target = ops.sub(x.quantile, ops.add(1, ops.mul(betas, ops.log(betas))));
    return regression<X>({ policy: x.policy, reference: x.reference, target }, { beta: betas });
  },
  smoothedOrpo: ({ chosen, rejected, nll }, { labelSmoothing, ...options }) => {
    const e = labelSmoothing as number;
    const [kept, flipped] = [orpo<X>({ chosen, rejected }, options), orpo<X>({ chosen: rejected, rejected: chosen }, options)];
    return ops.add(ops.add(ops.mul(kept, 1 - e), ops.mul(flipped, e)), nll);
  },
  xpo: (x, { beta, alpha }) => {
    const logps = pairsOf(x);
    const ofReference = ops.where(ops.equal(x.modelWins, 1), logps.policy.rejected, logps.policy.chosen);
    return ops.add(dpo<X>(logps, { beta }), xpoTerm<X>(ofReference, { alpha: alpha as number }));
  },
};
