// What the losses of the catalogue promise, and which losses are exceptions. `npm run generate` writes docs/contract.md from this
// file; contract.test.ts, badInput.test.ts and ranges.test.ts in test/losses check every statement, and that every exception is one.
import type { LossName } from '../../src/core.js';

/** A remark on each of some losses. */
export type Remarks = Readonly<Partial<Record<LossName, string>>>;

/** A statement about every loss. */
export interface Claim {
  readonly title: string;
  /** Completes the sentence "Every loss ...". */
  readonly predicate: string;
  /** How the tests check it. */
  readonly tested: string;
  /** The losses that break it, and what they do instead. */
  readonly exceptions: Remarks;
}

const claim = (title: string, predicate: string, tested: string, exceptions: Remarks = {}): Claim => ({
  title,
  predicate,
  tested,
  exceptions,
});

/** Largest size of the log-probs and log-ratios that are tested. */
export const LARGEST_LOGP = 1e5;

/** Largest size of the rewards of lists that are tested, and a size that suits every loss. */
export const LARGEST_REWARD = 1e4;
export const LARGE_REWARD = 100;

export const claims = {
  values: claim(
    'One value per example',
    'returns one value per pair, example, completion or list, `[B]`, in the order of the batch',
    'Reversing a batch reverses the values.',
    {
      aot: 'returns one value per quantile of the batch, in ascending order of the margins.',
      aotUnpaired: 'returns one value per quantile of the batch, in ascending order of the log-ratios.',
    },
  ),
  parts: claim(
    'A batch in parts',
    'computes the same values and gradients for a batch in parts as for the whole batch',
    'Five examples at once, and the first two and the last three.',
    {
      aot: 'sorts the margins of the whole batch.',
      aotUnpaired: 'sorts the log-ratios of the whole batch.',
    },
  ),
  empty: claim(
    'An empty part',
    'returns no values for a batch without examples, and its gradients are as empty',
    'A worker or a last part of a batch may have no examples: tensors `[0]` or `[0, K]`, or plain empty lists.',
  ),
  gradients: claim(
    'Nothing is detached',
    'passes its gradient to every log-prob, divergence and reward that its value depends on, those of the reference included',
    'Along one direction in each field, the gradient equals the difference quotient of the values.',
    {
      tdpo2: 'detaches `sequentialKl.chosen`.',
      alphaDpo: 'detaches the normalised margin, so no gradient reaches the reference.',
      lipo: 'detaches the weights of its pairs of candidates, so no gradient reaches the rewards.',
    },
  ),
  direction: claim(
    'It pushes the right way',
    'falls as the policy prefers the right side more, where it prefers the wrong side or neither; single completions without a label ' +
      'have no right side',
    'The slopes that `checkLoss` reports, see the page of each loss.',
    { discopop: 'rises around h = 0, with the default tau.' },
  ),
  reference: claim(
    'Where policy and reference agree',
    'with a reference has one value wherever policy and reference agree and its other fields are the same',
    '`checkLoss` compares two such batches.',
    { alphaDpo: 'compares the policy with a target, like `simpo`; the reference only moves the target.' },
  ),
  plain: claim(
    'Plain values next to tensors',
    'accepts plain lists, booleans and typed arrays next to tensors for everything that the trained model does not compute (the ' +
      'reference, labels, ties, masks, rewards, targets, lengths, statistics) and for options with one value per example, with the same result',
    'Value and gradient equal those with tensors, and no tensor is left behind.',
  ),
  finite: claim(
    'Finite at the extremes',
    'is finite, and so is its gradient, for log-probs from -1e5 to 0 and log-ratios, or scores of a reward model, from -1e5 to 1e5',
    'All combinations of the two ends, with the options of the golden files, and random log-probs; on WebGPU and WebGL one set of ' +
      'options, and no random ones. A log-prob of 0 is that of a certain or an empty completion.',
  ),
  largeRewards: claim(
    'Finite for large rewards',
    'is finite, and so is its gradient, for rewards of candidates from -1e4 to 1e4',
    'The first candidate has a reward of 1e4 and the others of -1e4, or the other way round.',
    {
      lipo:
        'refuses rewards whose weights may overflow, from about 127.5 in float32 and 1023.5 in float64. For rewards from -100 to ' +
        '100 it is finite.',
    },
  ),
  tensors: claim(
    'No tensor is left behind',
    'leaves no tensor in memory except its result, and none after an error',
    'The tensors in memory are counted before and after a call.',
  ),
} as const;

/** Functions outside the catalogue whose result for a batch is not the sum of those for its parts. */
export const otherFunctions = {
  nll: 'is a mean over the batch, unless `reduction` is `none`. For parts, pass the `tokenCount` of the whole batch.',
  robustMean: 'is not a sum over examples.',
  samLogProbs: 'draws by the position of a pair in the batch if `seed` is one number. For parts, pass one seed per pair.',
} as const;

/** The values that a loss can have. */
export interface Range {
  readonly low: number;
  readonly high: number;
  /** The range as the doc comment of the loss states it, or more precisely. */
  readonly words: string;
  /** More about it. */
  readonly note?: string;
  /** Options for which it holds, besides those that the loss requires. */
  readonly options?: Readonly<Record<string, number>>;
}

/** The range of every loss that `ranges` does not list. */
export const usualRange: Range = { low: 0, high: Infinity, words: 'at least 0' };

const LOWEST_OF_NCA = 1.5 * Math.log(3) - Math.log(2);
const OF_CLASS = 'the weight of the class of the example, 1 by default';

/** Losses whose range differs from `usualRange`. */
export const ranges: Readonly<Partial<Record<LossName, readonly Range[]>>> = {
  robustDpo: [
    { ...usualRange, words: 'at least 0 if labelSmoothing is 0' },
    { low: -Infinity, high: Infinity, words: 'otherwise unbounded below', options: { labelSmoothing: 0.1 } },
  ],
  exoPair: [{ low: 0, high: -Math.log(1e-3), words: 'in [0, -ln labelSmoothing]', note: '[0, 6.91] by default' }],
  ncaPair: [{ low: LOWEST_OF_NCA, high: Infinity, words: 'at least 1.5 ln 3 - ln 2', note: 'about 0.955' }],
  apoZero: [{ low: 0, high: 2, words: 'in [0, 2]' }],
  apoDown: [{ low: 0, high: 2, words: 'in [0, 2]' }],
  simper: [{ low: -1, high: 1, words: 'in [-1, 1]' }],
  kto: [{ low: 0, high: 1, words: 'in [0, weight]', note: OF_CLASS }],
  apoZeroUnpaired: [{ low: 0, high: 1, words: 'in [0, weight]', note: OF_CLASS }],
  simNpo: [
    {
      low: 0,
      high: 20 * Math.log1p(Math.exp(0.5)),
      words: 'in [0, 2 log(1 + e^gamma) / beta] for log-probs of at most 0',
      note: 'about 19.5 for beta 0.1 and gamma 0.5',
    },
  ],
  nca: [
    {
      low: LOWEST_OF_NCA,
      high: Infinity,
      words: 'at least (1 + 1/K) ln(K + 1) - ln K for K candidates',
      note: 'about 0.955 for two',
    },
  ],
};

/** Bad input that is an error. */
export const refused = {
  batch: ['a batch that is not an object', 'TypeError'],
  field: ['a batch that lacks a field', 'TypeError'],
  tensor: ['a field that is not a tensor', 'TypeError'],
  unknownField: ['an unknown field of a batch, or of a pair in it', 'TypeError'],
  dtype: ['integers for log-probs or rewards, complex numbers, strings (plain lists have no dtype)', 'TypeError'],
  engines: ['fields on two engines, or a list among the fields that the trained model computes, next to tensors', 'TypeError'],
  disposed: ['a disposed tensor', 'TypeError'],
  shape: ['a field of the wrong shape', 'RangeError'],
  empty: ['lists of no candidate or of one', 'RangeError'],
  labels: ['`desirable`, `tie` or `mask` with values other than 0 and 1', 'RangeError, or NaN'],
  rewards: ['rewards of pairs that are not finite', 'RangeError, or NaN'],
  positive: ['log-probs above 0 by more than rounding, for `orpo`, `simper` and `pro`, which mean nothing there', 'RangeError, or NaN'],
  data: ['a `target` that is not finite, or a `quantile` outside [0, 1]', 'RangeError, or NaN'],
  unknownOption: ['an unknown option', 'RangeError'],
  options: ['options that are not an object', 'TypeError'],
  requiredOption: ['a missing option that has no default', 'TypeError; RangeError for a target margin'],
  optionType: ['an option of the wrong type', 'TypeError; RangeError for options that are a choice of words'],
  optionRange: ['an option that is outside its range, NaN or infinite', 'RangeError'],
  optionShape: ['an option of the wrong shape', 'RangeError; TypeError if the option takes no tensor'],
  optionValues: ['one value per example for an option, some outside its range', 'RangeError, or NaN'],
} as const;

/** Input that is not checked, and what it gives. */
export const unchecked = {
  nan: {
    input: 'NaN log-probs or rewards',
    result: 'the loss of that example is NaN',
    exceptions: {
      aot: 'the loss of one quantile is NaN, and others change',
      aotUnpaired: 'the loss of one quantile is NaN, and others change',
      lipo: 'a NaN reward is a RangeError, or NaN',
    },
  },
  minusInfinity: {
    input: 'log-probs of -Infinity, or such scores of a reward model',
    result:
      'the loss has its limit, which may be infinite; it has none, and is NaN, if the same log-prob is -Infinity under policy and ' +
      'reference, or a soft label that is given for each pair, or that rewards give, is exactly 0 or 1. Where the limit is finite, so is the gradient',
    exceptions: {
      plackettLuce: 'NaN if a log-prob of the reference is -Infinity, except that of the first candidate',
      softmaxDpo: 'NaN if a log-prob of the reference is -Infinity, except that of the first candidate',
      exo: 'NaN if a log-prob of the reference is -Infinity',
      infoNca: 'NaN if a log-prob of the reference is -Infinity',
      alphaDpo: 'NaN, because the margin that it aims at depends on the log-probs',
      fDpo: 'with `chiSquaredKl`, Infinity where the loss is finite for every finite log-prob, whose exponent is capped',
    },
  },
  infinite: {
    input: 'log-probs of Infinity, and infinite rewards of candidates',
    result: 'the loss may be NaN, infinite or finite; `dpo` is 0 if `policy.chosen` is Infinity',
    exceptions: {
      orpo: 'a log-prob of Infinity is a RangeError, or NaN',
      simper: 'a log-prob of Infinity is a RangeError, or NaN',
      lipo: 'a reward of Infinity is a RangeError, or NaN',
      pro: 'a log-prob of Infinity is a RangeError, or NaN',
    },
  },
  positive: { input: 'log-probs above 0, for other losses', result: 'the loss may leave its range', exceptions: {} },
  statistic: { input: 'NaN in a tensor given as `kl` or `delta`', result: 'the losses are NaN', exceptions: {} },
  order: {
    input: 'candidates of `pro` that are not in the order of their rewards',
    result: 'the loss is not that of the ordered candidates',
    exceptions: {},
  },
} as const satisfies Readonly<Record<string, { readonly input: string; readonly result: string; readonly exceptions: Remarks }>>;

/** What the operations of `ops` promise for NaN. `backendConformance` checks those of engines, test/backend/composed.test.ts the others. */
export const nanInOperations = {
  title: 'A NaN never looks like a result',
  claim:
    'An operation of [`ops`](ops.md) that computes with a NaN gives NaN, whichever operand it is, on every engine. TensorFlow.js alone does ' +
    'not promise that: `maximum(0, NaN)` is 0 on wasm, and `exp(NaN)` may be a number on a GPU.',
  exceptions: {
    comparisons: 'comparisons with a NaN are 0',
    where: '`where` ignores a NaN that it does not select',
    sort: '`sort` keeps a NaN and all other values of the row, in no particular order',
  },
} as const;

/** Losses that refuse log-probs above 0. */
export const refusesPositive = ['orpo', 'simper', 'pro'] as const satisfies readonly LossName[];
