// The reports of `checkLoss` on the losses of the catalogue, which their pages show.
import { lossNamed, type LossName } from '../../src/core.js';
import { SAMPLES } from '../../src/testing/lossInputs.js';
import { mapLeaves } from '../../src/testing/leaves.js';
import { checkLoss, type CheckLossOptions, type LossReport } from '../../src/testing/index.js';
import { pick, REQUIRED } from './axes.js';

/** Values of batch fields that only some losses have, for four rows. */
const FIELDS = {
  kl: 0.5,
  lengths: { chosen: [12, 20, 15, 9], rejected: [10, 14, 18, 11] },
  nll: [2.5, 3, 1.5, 2],
  quantile: [0.75, 0.25, 1, 0.5],
  rewards: [[2, 1, 0], [3, 1, 2], [1, 0.5, 0], [0, 1, 2]], // prettier-ignore
  sequentialKl: { chosen: [1.5, 2, 0.5, 1], rejected: [2, 1, 1.5, 0.25] },
  target: [0.6, -0.3, 1.2, 0.1],
  statistics: { mean: 0.2, std: 0.5 },
  tie: [0, 1, 0, 1],
};

/** Values of fields that are something else for pairs than for lists. */
const PAIR_FIELDS = { rewards: { chosen: [1.5, 0.5, 2, -0.5], rejected: [-0.5, 0.25, 0.5, -1] } };

/** Mean log-probs per token: a tenth of the sums. */
const means = (batch: object): object => mapLeaves(batch, (x) => tenth(x as Values)) as object;
type Values = number | readonly Values[];
const tenth = (x: Values): Values => (typeof x === 'number' ? x / 10 : x.map(tenth));

/** Whether a loss has an option `beta`. */
function takesBeta(name: LossName, batch: object, required: object): boolean {
  try {
    lossNamed(name).loss(batch, { beta: 0.1, ...required });
    return true;
  } catch (error) {
    if ((error as Error).message.includes('unknown option beta')) return false;
    throw error;
  }
}

/** A batch of four for a loss, and the options that it is called with: `beta`, and those that it requires. */
export function checkedCall(name: LossName): { batch: object; options: CheckLossOptions } {
  const { kind, logps, fields, required } = lossNamed(name);
  const sample = logps === 'mean' ? means(SAMPLES[kind]) : SAMPLES[kind];
  const batch = { ...sample, ...pick(kind === 'pairs' ? { ...FIELDS, ...PAIR_FIELDS } : FIELDS, fields, 'FIELDS') };
  const needed = pick(REQUIRED, required, 'REQUIRED');
  return { batch, options: { kind, options: takesBeta(name, batch, needed) ? { beta: 0.1, ...needed } : needed } };
}

/** The report on a loss, on plain arrays. */
export function checked(name: LossName): Promise<LossReport> {
  const { batch, options } = checkedCall(name);
  return checkLoss(lossNamed(name).loss, batch, options);
}
