import { arrays } from '../../backend/arrays/arrays.js';
import { add, mul, reshape, shape, sum, tanh } from '../../backend/ops.js';
import { backendOf } from '../../backend/registry.js';
import { linearTokenDivergenceDefinition, linearTokenStatsDefinition, linearTokenLogProbsDefinition } from '../../definitions/linear.js';
import { tokenDivergenceDefinition } from '../../definitions/tokenDivergence.js';
import { tokenLogProbsDefinition } from '../../definitions/tokenLogProbs.js';
import { tokenStatsDefinition } from '../../definitions/tokenStats.js';
import { DIVERGENCES } from '../../internal/divergences.js';
import { linearTokenDivergence, type LinearTokenDivergenceOptions } from '../../logprobs/linearTokenDivergence.js';
import { linearTokenLogProbs } from '../../logprobs/linearTokenLogProbs.js';
import { linearTokenStats } from '../../logprobs/linearTokenStats.js';
import { sequenceLogProbs } from '../../logprobs/sequenceLogProbs.js';
import { tokenDivergence, type TokenDivergenceOptions } from '../../logprobs/tokenDivergence.js';
import { tokenLogProbs } from '../../logprobs/tokenLogProbs.js';
import { tokenStats } from '../../logprobs/tokenStats.js';
import { IGNORE_INDEX } from '../../masking/ignoreIndex.js';
import { completionMask } from '../../masking/completionMask.js';
import { labelsFromMask, maskFromLabels, shiftLabels } from '../../masking/labels.js';
import { maskedMean } from '../../masking/maskedReductions.js';
import type { LinearRows } from '../../backend/types.js';
import { bools, floats, ints, sample, type AnyTensor, type CaseGroup, type Input, type ValueCase } from './valueCase.js';

type T = AnyTensor;

const TOKENS = ints([[0, 3, 1, 2], [4, 2, 0, 1]]); // prettier-ignore
const MASK = [[0, 1, 1, 1], [0, 0, 1, 1]]; // prettier-ignore
const LOGITS: Input = sample([2, 4, 5], 'float');

const ofTokens = (name: string, inputs: readonly Input[], f: ValueCase['f'], rest: Partial<ValueCase> = {}): ValueCase => ({
  name,
  inputs,
  f,
  kind: 'float',
  accuracy: 'token',
  gradient: 'largest',
  ...rest,
});

/** Functions of this library that pass integers and masks through several operations. */
const chains = (): ValueCase[] => [
  ...[floats(MASK), ints(MASK), bools(MASK)].flatMap((mask) => [
    ofTokens(`labelsFromMask of a ${mask.kind} mask`, [TOKENS, mask], (tokens, m) => labelsFromMask(tokens, m as never), { kind: 'int', accuracy: 'exact', gradient: 'none' }),
    ofTokens(`shiftLabels(labelsFromMask(...)) into tokenLogProbs, ${mask.kind} mask`, [LOGITS, TOKENS, mask], (logits, tokens, m) => tokenLogProbs(logits, shiftLabels(labelsFromMask(tokens, m as never))), { wrt: [0] }),
    ofTokens(`sequenceLogProbs of a ${mask.kind} mask`, [LOGITS, TOKENS, mask], (logits, tokens, m) => sequenceLogProbs(tokenLogProbs(logits, tokens), m as never)),
    ofTokens(`maskedMean of a ${mask.kind} mask`, [sample([2, 4], 'float'), mask], (x, m) => maskedMean(x, m as never, -1)),
  ]),
  ofTokens('shiftLabels', [TOKENS], (tokens) => shiftLabels(tokens), { kind: 'int', accuracy: 'exact', gradient: 'none' }),
  ofTokens('maskFromLabels', [ints([[-100, 3, -100]])], (labels) => maskFromLabels(labels), { accuracy: 'exact', gradient: 'none' }),
  ofTokens('completionMask', [ints([1, 2]), ints([3, 4])], (promptLengths, lengths) => completionMask({ promptLengths, lengths }, 4), { accuracy: 'exact', gradient: 'none' }),
]; // prettier-ignore

const LABELS = ints([[0, 4, -100, 2], [1, -100, 3, 3]]); // prettier-ignore

/** A definition of flat rows, on rows of any shape. */
const onRows =
  (f: (logits: T, labels: T) => T): ValueCase['f'] =>
  (logits, labels) => {
    const sizes = shape(labels);
    const size = sizes.reduce((a, b) => a * b, 1);
    return reshape<T>(f(reshape<T>(logits, [size, shape(logits).at(-1)!]), reshape<T>(labels, [size])), sizes);
  };

const STATS = ['logps', 'entropy', 'correct', 'meanLogit', 'logSumSquares'] as const;

/** One token of five in each row. */
const MASKED = [0, 1].map((b) => [0, 1, 2, 3].map((t) => [0, 1, 2, 3, 4].map((v) => Number(v === (b + 2 * t) % 5))));

const peaky = (): Input => floats([[[1e4, 0, -1e4, 5], [-1e4, -1e4, -1e4, -1e4], [80, 79, -80, 0]]]); // prettier-ignore

const logProbsCases = (): ValueCase[] => {
  const logProbs = (name: string, logits: Input, labels: Input): ValueCase =>
    ofTokens(`tokenLogProbs ${name}`, [logits, labels], (x, y) => tokenLogProbs<T, T>(x, y), {
      reference: onRows((x, y) => tokenLogProbsDefinition(x, y, IGNORE_INDEX)),
    });
  const flat = (rows: number, vocabulary: number): [Input, Input] => [
    sample([rows, vocabulary], 'float'),
    ints(Array.from({ length: rows }, (_, i) => (i % 4 === 3 ? -100 : i === 1 ? vocabulary - 1 : (31 * i) % vocabulary))),
  ];
  const hidden = floats([[[1, 2, NaN], [3, 4, 5]]]); // prettier-ignore
  return [
    logProbs('[B, T, V]', LOGITS, LABELS),
    ...[[1, 1], [5, 7], [3, 257], [9, 64]].map(([rows, vocabulary]) => logProbs(`[${rows!}, ${vocabulary!}]`, ...flat(rows!, vocabulary!))),
    logProbs('of logits of 1e4', peaky(), ints([[0, 1, 2]])),
    logProbs('with NaN in an ignored row', hidden, ints([[-100, 1]])),
    ...[0, 1, 2].map((place) => logProbs(`with NaN as logit ${place}`, floats([[4, 5, 6].map((x, i) => (i === place ? NaN : x)), [1, 2, 3]]), ints([1, 1]))),
    logProbs('with all rows ignored', sample([1, 2, 3], 'float'), ints([[-100, -100]])),
    ofTokens('tokenLogProbs with another ignored label', [LOGITS, ints([[0, -1, 1, 2], [-1, 4, 4, 0]])], (x, y) => tokenLogProbs<T, T>(x, y, { ignoreIndex: -1 }), { reference: onRows((x, y) => tokenLogProbsDefinition(x, y, -1)) }),
  ]; // prettier-ignore
};

const statsCases = (): ValueCase[] =>
  STATS.flatMap((name) => [
    ofTokens(`tokenStats ${name}`, [LOGITS, LABELS], (x, y) => tokenStats(x, y)[name], { reference: onRows((x, y) => tokenStatsDefinition(x, y, IGNORE_INDEX)[name]), gradient: 'none' }),
    ofTokens(`tokenStats ${name} of equal logits`, [floats([[[2, 2, 2], [0, 1, 1]]]), ints([[1, 1]])], (x, y) => tokenStats(x, y)[name], { reference: onRows((x, y) => tokenStatsDefinition(x, y, IGNORE_INDEX)[name]), gradient: 'none' }),
  ]); // prettier-ignore

const divergenceCases = (): ValueCase[] => {
  const impossible = {
    values: arrays.where(bools(MASKED).values, -Infinity, sample([2, 4, 5], 'float', { seed: 1 }).values),
    kind: 'float',
  } as const;
  const other = sample([2, 4, 5], 'float', { seed: 1 });
  const of = (name: string, inputs: readonly [Input, Input], options: Required<TokenDivergenceOptions>, rest: Partial<ValueCase> = {}): ValueCase => {
    const { divergence, weight } = options;
    const f: ValueCase['f'] = (p, q) => tokenDivergence<T>(p, q, divergence === 'jensenShannon' ? options : { divergence });
    return ofTokens(`tokenDivergence ${divergence}${name}`, inputs, f, { reference: onTwo((p, q) => tokenDivergenceDefinition(p, q, divergence, weight)), ...rest });
  };
  return [
    ...DIVERGENCES.flatMap((divergence) => [
      of('', [LOGITS, other], { divergence, weight: 0.25 }),
      ofTokens(`tokenDivergence ${divergence} with tokens that are impossible`, [impossible], (p) => add(tokenDivergence<T>(p, p, { divergence }), 1), { gradient: 'none' }),
      ofTokens(`tokenDivergence ${divergence} of equal logits`, [LOGITS], (p) => add(tokenDivergence<T>(p, p, { divergence }), 1), { gradient: 'none' }),
    ]),
    ...(['forwardKl', 'jensenShannon'] as const).map((divergence) =>
      of(' with tokens that are impossible under the reference', [LOGITS, impossible], { divergence, weight: 0.75 }, { wrt: [0] }),
    ),
    ...(['reverseKl', 'jensenShannon'] as const).map((divergence) =>
      of(' with tokens that are impossible under the policy', [impossible, LOGITS], { divergence, weight: 0.75 }, { wrt: [0] }),
    ),
  ];
}; // prettier-ignore

const onTwo =
  (f: (policy: T, reference: T) => T): ValueCase['f'] =>
  (p, q) => {
    const [rows, vocabulary] = [shape(p).slice(0, -1), shape(p).at(-1)!];
    const size = rows.reduce((a, b) => a * b, 1);
    return reshape<T>(f(reshape<T>(p, [size, vocabulary]), reshape<T>(q, [size, vocabulary])), rows);
  };

const product = (transposeB: boolean): ValueCase['f'] => (a, b) => {
  const backend = backendOf<T>(a, b);
  if (backend.matmul) return backend.matmul(a, b, transposeB);
  const [rows, width] = shape(a) as [number, number];
  const columns = shape(b)[transposeB ? 0 : 1]!;
  const other = transposeB ? reshape<T>(b, [1, columns, width]) : reshape<T>(b, [1, width, columns]);
  return sum(mul(reshape<T>(a, transposeB ? [rows, 1, width] : [rows, width, 1]), other), transposeB ? 2 : 1);
}; // prettier-ignore

const matmulCases = (): ValueCase[] =>
  [false, true].flatMap((transposeB) => [[1, 1, 1], [2, 3, 4], [3, 3, 3], [5, 1, 2], [3, 17, 9]].map(([m, k, n]) =>
    ofTokens(`matmul [${m!}, ${k!}] by ${transposeB ? `[${n!}, ${k!}] transposed` : `[${k!}, ${n!}]`}`, [sample([m!, k!], 'float'), sample(transposeB ? [n!, k!] : [k!, n!], 'float', { seed: 1 })], product(transposeB), { accuracy: 'sum' }))); // prettier-ignore

type Layout = LinearRows<T>['layout'];
const LAYOUTS: readonly Layout[] = ['vocabularyByHidden', 'hiddenByVocabulary'];

/** Hidden states, weight and bias. */
const linearInputs = (layout: Layout): [Input, Input, Input] => [
  sample([4, 3], 'float'),
  sample(layout === 'vocabularyByHidden' ? [6, 3] : [3, 6], 'float', { seed: 1 }),
  sample([6], 'float', { seed: 2 }),
];
const FOUR_LABELS = ints([1, -100, 5, 0]);
/** Labels for definitions, which take no ignored rows. */
const COUNTED = ints([1, 0, 5, 0]);
const counted = (layout: Layout, [hidden, weight, bias, labels]: readonly T[]): LinearRows<T> =>
  ({ hidden: hidden!, weight: weight!, layout, bias: bias!, labels: labels!, cap: undefined, chunkSize: undefined }); // prettier-ignore

const linearCases = (): ValueCase[] =>
  LAYOUTS.flatMap((layout) => {
    const [hidden, weight, bias] = linearInputs(layout);
    return [
      ofTokens(`linearTokenLogProbs, weight ${layout}`, [hidden, weight, bias, FOUR_LABELS], (h, w, b, y) => linearTokenLogProbs({ hidden: h, weight: w, bias: b, layout }, y)),
      ofTokens(`linearTokenLogProbs, weight ${layout}, soft cap, chunks`, [hidden, weight, bias, FOUR_LABELS], (h, w, b, y) => linearTokenLogProbs({ hidden: h, weight: w, bias: b, layout }, y, { logitSoftcap: 5, chunkSize: 4, temperature: 0.75 })),
      ofTokens(`linearTokenLogProbs with NaN in a hidden state, weight ${layout}`, [floats([[1, NaN, 2], [1, -1, 2]]), weight, bias, ints([2, 2])], (h, w, b, y) => linearTokenLogProbs({ hidden: h, weight: w, bias: b, layout }, y, { chunkSize: 4 }), { gradient: 'none' }),
      ofTokens(`linearTokenLogProbs without bias, weight ${layout}`, [hidden, weight, FOUR_LABELS], (h, w, y) => linearTokenLogProbs({ hidden: h, weight: w, layout }, y)),
      ofTokens(`linearTokenLogProbs, frozen weight ${layout}`, [hidden, weight, bias, FOUR_LABELS], (h, w, b, y) => linearTokenLogProbs<T, T, T>({ hidden: h, weight: w, bias: b, layout }, y, { frozenWeight: true })),
      ofTokens(`linearTokenLogProbs against its definition, weight ${layout}`, [hidden, weight, bias, COUNTED], (h, w, b, y) => linearTokenLogProbs<T, T, T>({ hidden: h, weight: w, bias: b, layout }, y), { reference: (...xs) => linearTokenLogProbsDefinition(counted(layout, xs), false) }),
      ofTokens(`linearTokenLogProbs, square weight ${layout}`, [sample([2, 3], 'float'), sample([3, 3], 'float', { seed: 1 }), ints([2, 0])], (h, w, y) => linearTokenLogProbs({ hidden: h, weight: w, layout }, y)),
    ];
  }); // prettier-ignore

const linearStatsCases = (): ValueCase[] =>
  LAYOUTS.flatMap((layout) =>
    STATS.map((name) => ofTokens(`linearTokenStats ${name}, weight ${layout}`, [...linearInputs(layout), COUNTED], (h, w, b, y) => linearTokenStats({ hidden: h, weight: w, bias: b, layout }, y)[name], { reference: (...xs) => linearTokenStatsDefinition(counted(layout, xs))[name], gradient: 'none' })),
  ); // prettier-ignore

/** Half of each number, so that the log-ratios of two models stay small: the errors that an engine may have grow with them. */
const halved = ({ values, kind }: Input): Input => ({ values: arrays.mul(values, 0.5), kind });

const linearDivergenceCases = (): ValueCase[] =>
  LAYOUTS.flatMap((layout) => {
    const [hidden, weight, bias] = linearInputs(layout);
    const policy = [hidden, halved(weight), bias] as const;
    const others: [Input, Input] = [sample([4, 2], 'float', { seed: 3 }), halved(sample(layout === 'vocabularyByHidden' ? [2, 6] : [6, 2], 'float', { seed: 4 }))];
    const other = layout === 'vocabularyByHidden' ? 'hiddenByVocabulary' : 'vocabularyByHidden';
    const headsOf = (h: T, w: T, b: T, rh: T, rw: T) => ({ policy: { hidden: h, weight: w, bias: b, layout }, reference: { hidden: rh, weight: rw, layout: other } as const });
    const of = (name: string, labels: Input, options: LinearTokenDivergenceOptions, reference?: ValueCase['f']): ValueCase =>
      ofTokens(`linearTokenDivergence${name}, weight ${layout}`, [...policy, ...others, labels], (h, w, b, rh, rw, y) => linearTokenDivergence<T, T, T>(headsOf(h, w, b, rh, rw), y, options), { ...(reference && { reference }) });
    return [
      ...DIVERGENCES.map((divergence) =>
        of(` ${divergence} against its definition`, COUNTED, { divergence, ...(divergence === 'jensenShannon' && { weight: 0.25 }) }, (h, w, b, rh, rw, y) =>
          linearTokenDivergenceDefinition(counted(layout, [h, w, b, y]), { ...counted(other, [rh, rw, b, y]), bias: undefined }, divergence, 0.25, false)),
      ),
      ...DIVERGENCES.map((divergence) => of(` ${divergence}, soft cap, chunks`, FOUR_LABELS, { divergence, logitSoftcap: 5, chunkSize: 4, temperature: 0.75 })),
      of(', frozen weight', FOUR_LABELS, { divergence: 'reverseKl', frozenWeight: true }),
    ];
  }); // prettier-ignore

/** Cases of labels, masks, log-probs, and of the optional methods for them. */
export const tokenCases = (): CaseGroup[] => [
  { name: 'labels and masks', group: 'tokens', cases: chains() },
  { name: 'tokenLogProbs', group: 'tokens', cases: logProbsCases() },
  { name: 'tokenStats', group: 'tokens', cases: statsCases() },
  { name: 'tokenDivergence', group: 'tokens', cases: divergenceCases() },
  { name: 'matmul', group: 'tokens', cases: matmulCases() },
  { name: 'linearTokenLogProbs', group: 'tokens', cases: linearCases() },
  { name: 'linearTokenStats', group: 'tokens', cases: linearStatsCases() },
  { name: 'linearTokenDivergence', group: 'tokens', cases: linearDivergenceCases() },
  { name: 'tanh', group: 'tokens', cases: [ofTokens('tanh', [floats([-30, -1, -1e-4, 1e-4, 0.5, 3, 30])], (x) => tanh(x))] },
];
