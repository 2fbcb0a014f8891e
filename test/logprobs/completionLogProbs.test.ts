import { describe, expect, it } from 'vitest';
import {
  completionLogProbs,
  labelsFromMask,
  linearTokenLogProbs,
  maskFromLabels,
  sequenceLogProbs,
  shiftLabels,
  tokenLogProbs,
} from '../../src/index.js';
import {
  expectError,
  expectGradients,
  expectNoLeak,
  expectValues,
  ints,
  isReadable,
  read,
  tensor,
  derivatives,
  type X,
  described,
} from '../support/engine.js';
import type { Nested } from '../../src/index.js';
import type { Values } from '../../src/testing/index.js';

const [B, T, V, D] = [3, 5, 7, 4];
const wave = (sizes: readonly number[], phase: number): Nested => {
  const [size, ...rest] = sizes as [number, ...number[]];
  return Array.from({ length: size }, (_, i) => (rest.length === 0 ? 2 * Math.sin(3.7 * i + phase) : wave(rest, phase + 1.3 * i + 0.7)));
};

const logits = wave([B, T, V], 0.3);
const head = { hidden: wave([B, T, D], 0.1), weight: wave([V, D], 0.9), bias: wave([V], 2) };
const tokens = [
  [1, 2, 3, 4, 5],
  [6, 5, 4, 0, 0],
  [2, 2, 0, 0, 0],
];
const mask = [
  [0, 0, 1, 1, 1],
  [0, 1, 1, 0, 0],
  [0, 0, 0, 0, 0],
];
const hfLabels = tokens.map((row, b) => row.map((token, t) => (mask[b]![t] === 1 ? token : -100)));

/** The long way, on the arrays engine in float64. */
function theLongWay(reduction: 'sum' | 'mean'): number[] {
  const labels = shiftLabels(labelsFromMask(tokens, mask));
  return sequenceLogProbs(tokenLogProbs(logits as number[][][], labels), maskFromLabels(labels), { reduction });
}

describe('completionLogProbs', () => {
  it.each(['sum', 'mean'] as const)('equals the long way: %s', async (reduction) => {
    const expected = theLongWay(reduction);
    const batches = [
      { tokens: ints(tokens), mask: tensor(mask) },
      { tokens: ints(tokens), mask: tensor(mask, 'bool') },
      { tokens, mask },
      { tokens: tokens.map((row) => Int32Array.from(row)), mask: mask.map((row) => row.map((m) => m === 1)) },
      { tokens: ints(tokens), mask },
      { tokens, mask: ints(mask) },
      { labels: ints(hfLabels) },
      { labels: hfLabels },
    ];
    for (const batch of batches) await expectValues(completionLogProbs<X>(tensor(logits), batch, { reduction }), expected, 8);
  });

  it('takes the tokens that do not count as they are, and another ignored label', async () => {
    const expected = theLongWay('sum');
    await expectValues(completionLogProbs<X>(tensor(logits), { tokens: ints(hfLabels), mask: tensor(mask) }), expected, 8);
    const other = hfLabels.map((row) => row.map((label) => (label === -100 ? -1 : label)));
    await expectValues(completionLogProbs<X>(tensor(logits), { labels: ints(other) }, { ignoreIndex: -1 }), expected, 8);
  });

  it('takes a head in place of logits, with the options of the linear form', async () => {
    const next = shiftLabels(labelsFromMask(tokens, mask));
    const options = { temperature: 2, logitSoftcap: 3 };
    const perToken = linearTokenLogProbs(head as never, next, options) as number[][];
    const expected = sequenceLogProbs(perToken, maskFromLabels(next));
    const onEngine = { hidden: tensor(head.hidden), weight: tensor(head.weight), bias: tensor(head.bias) };
    for (const batch of [{ tokens: ints(tokens), mask: tensor(mask) }, { tokens, mask }, { labels: hfLabels }])
      await expectValues(completionLogProbs<X, X>(onEngine, batch, options), expected, 8);
  });

  it('has the gradient of the long way', async () => {
    const long = (x: X): X => {
      const labels = shiftLabels<X>(labelsFromMask<X>(ints(tokens), tensor(mask)));
      return sequenceLogProbs<X>(tokenLogProbs<X, X>(x, labels), maskFromLabels<X>(labels));
    };
    const { grads } = await derivatives(long, [logits]);
    for (const batch of [{ tokens: ints(tokens), mask: tensor(mask) }, { tokens, mask }, { labels: ints(hfLabels) }])
      await expectGradients((x) => completionLogProbs<X>(x, batch), [logits], grads as Values[]);
  });

  it('counts the first token of every completion', async () => {
    // Whoever gives the unshifted mask to sequenceLogProbs loses that token.
    const flat = Array.from({ length: 2 }, () => Array.from({ length: 4 }, () => [0, 0]));
    const rows = { tokens: [[0, 1, 1, 1], [0, 0, 1, 1]], mask: [[0, 1, 1, 1], [0, 0, 1, 1]] }; // prettier-ignore
    await expectValues(completionLogProbs<X>(tensor(flat), rows), [-3 * Math.LN2, -2 * Math.LN2], 4);
  });

  it('leaks nothing, whatever is plain', () => {
    const [x, t, m] = [tensor(logits), ints(tokens), tensor(mask)];
    for (const batch of [{ tokens: t, mask: m }, { tokens, mask }, { tokens: t, mask }, { labels: hfLabels }])
      expectNoLeak(() => completionLogProbs<X>(x, batch, { reduction: 'mean' }));
  });

  it('names bad input', () => {
    const [x, t, m, flat] = [tensor(logits), ints(tokens), tensor(mask), tensor([1])];
    const fn = 'completionLogProbs:';
    const form = 'expected { tokens, mask } or { labels }';
    const call =
      (batch: X, options: X = {}) =>
      () =>
        completionLogProbs<X>(x, batch, options);
    expectError(call(undefined), TypeError, `${fn} batch is undefined, ${form}`);
    expectError(call(t), TypeError, `${fn} batch is ${described}, ${form}`);
    expectError(call({ tokens: t }), TypeError, `${fn} batch lacks mask, ${form}`);
    expectError(call({ labels: t, mask: m }), RangeError, `${fn} mask would be ignored next to labels`);
    expectError(call({ tokens: t, mask: m }, { ignoreIndex: -1 }), RangeError, `${fn} ignoreIndex would be ignored without labels`);
    expectError(
      call({ tokens: [[1, 2]], mask: m }),
      RangeError,
      `${fn} tokens has shape [1, 2], expected [3, 5] like logits without the last axis`,
    );
    expectError(
      call({ tokens: t, mask: [[1, 1]] }),
      RangeError,
      `${fn} mask has shape [1, 2], expected [3, 5] like logits without the last axis`,
    );
    expectError(call({ tokens, mask: 'x' }), TypeError, `${fn} mask is not a tensor: no registered engine owns "x"`);
    expectError(call({ tokens, mask }, { reduction: 'max' }), RangeError, `${fn} reduction must be one of "sum", "mean", got "max"`);
    expectError(
      call({ tokens, mask }, { temperature: 2 }),
      RangeError,
      `${fn} unknown option temperature, expected reduction, ignoreIndex`,
    );
    expectError(() => completionLogProbs<X>(flat, { tokens, mask }), RangeError, `${fn} logits has shape [1], expected rank 3`);
    expectError(
      () => completionLogProbs<X, X>({ hidden: x } as X, { tokens, mask }),
      TypeError,
      `${fn} head lacks weight, expected { hidden, weight }`,
    );
  });

  const bad: [string, Nested, Nested, string][] = [
    ['a mask that was shifted before', tokens, [[0, 1, 1, 1, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], 'the first token of row 1 counts, but no logits predict it; tokens must not be shifted'], // prettier-ignore
    [
      'a counted token outside the vocabulary',
      [[1, 2, 3, 4, 7], ...tokens.slice(1)],
      mask,
      'value 4 of tokens counts, so it must be an integer in [0, 7), got 7',
    ],
    [
      'a counted token that is an ignored label',
      [[1, 2, -100, 4, 5], ...tokens.slice(1)],
      mask,
      'value 2 of tokens counts, so it must be an integer in [0, 7), got -100',
    ],
  ];
  it.each(bad)('refuses %s, or gives NaN where tensors cannot be read', async (_, badTokens, badMask, message) => {
    const x = tensor(logits);
    expectError(() => completionLogProbs<X>(x, { tokens: badTokens, mask: badMask } as X), RangeError, `completionLogProbs: ${message}`);
    const batch = { tokens: ints(badTokens), mask: tensor(badMask) };
    if (isReadable) {
      expectError(() => completionLogProbs<X>(x, batch), RangeError, `completionLogProbs: ${message}`);
    } else {
      const values = (await read(completionLogProbs<X>(x, batch))) as number[];
      const row = message.includes('row 1') ? 1 : 0;
      expect(values.map(Number.isNaN)).toEqual([row === 0, row === 1, false]);
    }
  });
});

describe('completionLogProbs with weights', () => {
  const weights = tokens.map((row, b) => row.map((_, t) => Math.fround(0.3 * b + 0.7 * t)));
  const shiftedWeights = weights.map((row) => [...row.slice(1), 0]);
  const long = (reduction: 'sum' | 'mean'): number[] => {
    const labels = shiftLabels(labelsFromMask(tokens, mask));
    const logps = tokenLogProbs(logits as number[][][], labels);
    return sequenceLogProbs(logps, maskFromLabels(labels), { reduction, weights: shiftedWeights });
  };

  it.each(['sum', 'mean'] as const)('takes them unshifted, with labels and with a head: %s', async (reduction) => {
    const batches = [
      { tokens: ints(tokens), mask: tensor(mask), weights: tensor(weights) },
      { tokens, mask, weights },
      { tokens: ints(tokens), mask, weights },
      { labels: hfLabels, weights: tensor(weights) },
      { labels: ints(hfLabels), weights },
    ];
    for (const batch of batches) await expectValues(completionLogProbs<X>(tensor(logits), batch, { reduction }), long(reduction), 8);
    const next = shiftLabels(labelsFromMask(tokens, mask));
    const perToken = linearTokenLogProbs(head as never, next) as number[][];
    const expected = sequenceLogProbs(perToken, maskFromLabels(next), { reduction, weights: shiftedWeights });
    const onEngine = { hidden: tensor(head.hidden), weight: tensor(head.weight), bias: tensor(head.bias) };
    for (const batch of batches) await expectValues(completionLogProbs<X, X>(onEngine, batch, { reduction }), expected, 8);
  });

  it('has exactly the values without weights if all are 1', async () => {
    const ones = mask.map((row) => row.map(() => 1));
    for (const reduction of ['sum', 'mean'] as const)
      expect(await read(completionLogProbs<X>(tensor(logits), { tokens, mask, weights: ones }, { reduction }))).toEqual(
        await read(completionLogProbs<X>(tensor(logits), { tokens, mask }, { reduction })),
      );
  });

  it('has the gradient of the long way', async () => {
    const longer = (x: X): X => {
      const labels = shiftLabels<X>(ints(hfLabels));
      return sequenceLogProbs<X>(tokenLogProbs<X, X>(x, labels), maskFromLabels<X>(labels), { weights: shiftedWeights });
    };
    const { grads } = await derivatives(longer, [logits]);
    await expectGradients((x) => completionLogProbs<X>(x, { tokens, mask, weights }), [logits], grads as Values[]);
  });

  it('leaks nothing, and names bad weights', () => {
    const [x, t, m, w] = [tensor(logits), ints(tokens), tensor(mask), tensor(weights)];
    expectNoLeak(() => completionLogProbs<X>(x, { tokens: t, mask: m, weights: w }, { reduction: 'mean' }));
    expectNoLeak(() => completionLogProbs<X>(x, { tokens, mask, weights }));
    const call = (own: Nested) => () => completionLogProbs<X>(x, { tokens: t, mask: m, weights: own as number[][] });
    const like = 'expected [3, 5] like logits without the last axis';
    expectError(call([[1]]), RangeError, `completionLogProbs: weights has shape [1, 1], ${like}`);
    const negative = weights.map((row) => row.map((v) => v - 0.5));
    expectError(call(negative), RangeError, 'completionLogProbs: value 0 of weights must be finite and >= 0, got -0.5');
  });
});

describe('completionLogProbs of packed rows', () => {
  // The rows of the batch above one after the other, the last one without its padding.
  const flat = { tokens: [[...tokens[0]!, ...tokens[1]!]], mask: [[...mask[0]!, ...mask[1]!]] };
  const packed = { ...flat, segments: [[1, 1, 1, 1, 1, 2, 2, 2, 0, 0]], count: 3 };
  const joined = [[...(logits as number[][][])[0]!, ...(logits as number[][][])[1]!]];

  it.each(['sum', 'mean'] as const)('has the values of the padded rows: %s', async (reduction) => {
    const expected = [[...theLongWay(reduction).slice(0, 2), 0]];
    const batches = [
      packed,
      { ...packed, tokens: ints(packed.tokens), mask: tensor(packed.mask), segments: ints(packed.segments) },
      { ...packed, segments: ints(packed.segments) },
    ];
    for (const batch of batches) await expectValues(completionLogProbs<X>(tensor(joined), batch, { reduction }), expected, 8);
    const weights = packed.tokens.map((row) => row.map((_, t) => t));
    const own = completionLogProbs(logits as number[][][], { tokens, mask, weights: [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [0, 0, 0, 0, 0]] }, { reduction }); // prettier-ignore
    await expectValues(completionLogProbs<X>(tensor(joined), { ...packed, weights }, { reduction }), [[own[0]!, own[1]!, 0]], 80);
    const labels = packed.tokens.map((row, b) => row.map((token, t) => (packed.mask[b]![t] === 1 ? token : -100)));
    const { segments, count } = packed;
    await expectValues(completionLogProbs<X>(tensor(joined), { labels: ints(labels), segments, count }, { reduction }), expected, 8);
  });

  it('has the gradient of the padded rows', async () => {
    const padded = (x: X): X => completionLogProbs<X>(x, { tokens: tokens.slice(0, 2), mask: mask.slice(0, 2) });
    const { grads } = await derivatives(padded, [(logits as Nested[]).slice(0, 2)]);
    const [first, second] = grads[0] as [Nested[], Nested[]];
    await expectGradients((x) => completionLogProbs<X>(x, packed), [joined], [[[...first, ...second]]] as never);
  });

  const bad: [string, object, string][] = [
    ['a first token of a segment that counts', { mask: [[0, 0, 1, 1, 1, 1, 1, 1, 0, 0]] }, 'the first token of segment 2 of row 0 counts, but no logits predict it'], // prettier-ignore
    ['padding that counts', { mask: [[0, 0, 1, 1, 1, 0, 1, 1, 1, 0]] }, 'place 8 of row 0 counts, but is padding in segments'],
    ['segments that are not contiguous', { segments: [[1, 1, 1, 2, 2, 1, 1, 1, 0, 0]] }, 'segments has 1 at place 5 of row 0, expected 2, 3 or 0'], // prettier-ignore
    ['a count that is too small', { count: 1 }, 'segments has 2 at place 5 of row 0, expected at most 1, the count'],
  ];
  it.each(bad)('refuses %s, or gives NaN where tensors cannot be read', async (_, change, message) => {
    const [x, batch] = [tensor(joined), { ...packed, ...change }];
    expectError(() => completionLogProbs<X>(x, batch), RangeError, `completionLogProbs: ${message}`);
    const onEngine = { ...batch, tokens: ints(batch.tokens), mask: tensor(batch.mask), segments: ints(batch.segments) };
    if (isReadable) expectError(() => completionLogProbs<X>(x, onEngine), RangeError, `completionLogProbs: ${message}`);
    else expect(((await read(completionLogProbs<X>(x, onEngine))) as number[][]).flat().every(Number.isNaN)).toBe(true);
  });

  it('leaks nothing, and names bad input', () => {
    const x = tensor(joined);
    expectNoLeak(() => completionLogProbs<X>(x, packed, { reduction: 'mean' }));
    const without = { ...flat, count: 3 } as never;
    expectError(() => completionLogProbs<X>(x, without), RangeError, 'completionLogProbs: count would be ignored without segments');
  });
});
