import { describe, expect, it } from 'vitest';
import { nll, ops } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, read, tensor, type X } from '../support/engine.js';
import { weight } from '../support/samples.js';

const logps = [
  [-1, -2, -3],
  [-4, -9, -9],
  [-7, -7, -7],
];
const mask = [
  [1, 1, 1],
  [1, 0, 0],
  [0, 0, 0],
];

describe('nll', () => {
  it('averages tokens by default', async () => {
    await expectValues(nll(tensor(logps), tensor(mask)), 2.5, 4);
  });

  it('averages the means of sequences that have counted tokens', async () => {
    await expectValues(nll(tensor(logps), tensor(mask), { reduction: 'sequence' }), 3, 4);
  });

  it('gives the mean of each sequence', async () => {
    await expectValues(nll(tensor(logps), tensor(mask), { reduction: 'none' }), [2, 4, 0], 4);
  });

  it('is 0 with zero gradient without counted tokens, whatever is masked', async () => {
    const none = [
      [0, 0],
      [0, 0],
    ];
    for (const reduction of ['token', 'sequence'] as const) {
      await expectValues(
        nll(
          tensor([
            [NaN, -Infinity],
            [-1, -2],
          ]),
          tensor(none),
          { reduction },
        ),
        0,
      );
      await expectGradients(
        (x) => nll(x, tensor(none), { reduction }) as X,
        [
          [
            [-1, -2],
            [-3, -4],
          ],
        ],
        [none],
      );
    }
  });

  it('has the gradient of its formula', async () => {
    const w = weight(0);
    await expectGradients((x) => nll(x, tensor(mask)) as X, [logps], [mask.map((row) => row.map((m) => (-w * m) / 4))]);
    await expectGradients(
      (x) => nll(x, tensor(mask), { reduction: 'sequence' }) as X,
      [logps],
      [mask.map((row, i) => row.map((m) => (-w * m) / (i === 0 ? 6 : 2)))],
    );
    await expectGradients(
      (x) => nll(x, tensor(mask), { reduction: 'none' }) as X,
      [logps],
      [mask.map((row, i) => row.map((m) => (-weight(i) * m) / (i === 0 ? 3 : 1)))],
    );
  });

  it('adds up over parts that share the token count', async () => {
    const part = (from: number, to: number) => nll<X>(tensor(logps.slice(from, to)), tensor(mask.slice(from, to)), { tokenCount: 4 });
    await expectValues(ops.add(part(0, 1), part(1, 3)), 2.5, 4);
  });

  it('is 0 with zero gradient in a batch without counted tokens, whose token count is 0', async () => {
    const none = mask.map((row) => row.map(() => 0));
    await expectValues(nll<X>(tensor(logps), tensor(none), { tokenCount: 0 }), 0);
    await expectGradients((x) => nll<X>(x, tensor(none), { tokenCount: 0 }), [logps], [none]);
  });

  const weights = [
    [0.5, 1, 0],
    [3, 2, 2],
    [1, 1, 1],
  ];

  it('averages with weights, and leaves out rows whose weights are all 0', async () => {
    const wild = [[-1, -2, -Infinity], ...logps.slice(1)];
    await expectValues(nll<X>(tensor(wild), tensor(mask), { weights }), (0.5 + 2 + 12) / 4.5, 8);
    await expectValues(nll<X>(tensor(wild), tensor(mask), { weights, reduction: 'none' }), [2.5 / 1.5, 4, 0], 8);
    const own = tensor([weights[0]!, [0, 1, 1], weights[2]!]);
    await expectValues(nll<X>(tensor(wild), mask, { weights: own, reduction: 'sequence' }), 2.5 / 1.5, 8);
    const ones = mask.map((row) => row.map(() => 1));
    for (const reduction of ['token', 'sequence'] as const)
      expect(await read(nll<X>(tensor(logps), tensor(mask), { weights: tensor(ones), reduction }))).toEqual(
        await read(nll<X>(tensor(logps), tensor(mask), { reduction })),
      );
  });

  it('has the gradient of its formula with weights, and adds up over parts that share the sum of the weights', async () => {
    const slope = mask.map((row, i) => row.map((m, t) => (-weight(0) * m * weights[i]![t]!) / 4.5));
    await expectGradients((x) => nll<X>(x, tensor(mask), { weights: tensor(weights) }), [logps], [slope]);
    const part = (from: number, to: number) =>
      nll<X>(tensor(logps.slice(from, to)), tensor(mask.slice(from, to)), { weights: weights.slice(from, to), tokenCount: 4.5 });
    await expectValues(ops.add(part(0, 1), part(1, 3)), (0.5 + 2 + 12) / 4.5, 8);
  });

  it('leaks nothing, and names bad input', () => {
    const [x, m] = [tensor(logps), tensor(mask)];
    expectNoLeak(() => nll(x, m));
    expectNoLeak(() => nll(x, m, { reduction: 'sequence' }));
    expectNoLeak(() => nll<X>(x, m, { reduction: 'sequence', weights }));
    expectError(() => nll<X>(x, m, { weights: [[1]] }), RangeError, 'nll: weights has shape [1, 1], expected [3, 3] like logps');
    const negative = weights.map((row) => row.map((w) => w - 1));
    expectError(() => nll<X>(x, m, { weights: negative }), RangeError, 'nll: value 0 of weights must be finite and >= 0, got -0.5');
    expectError(
      () => nll(x, m, { reduction: 'mean' } as never),
      RangeError,
      'nll: reduction must be one of "token", "sequence", "none", got "mean"',
    );
    expectError(
      () => nll(x, m, { reduction: 'none', tokenCount: 4 }),
      RangeError,
      "nll: tokenCount would be ignored with the reduction 'none'",
    );
    const options: X = { temperature: 1 };
    expectError(() => nll<X>(x, x, options), RangeError, 'nll: unknown option temperature, expected reduction, tokenCount, weights');
    expectError(() => nll<X>(x, x, 'token' as never), TypeError, 'nll: options is "token", expected a plain object');
    expectError(() => nll<X>(x, x, { reduction: 'all' as never }), RangeError, 'nll: reduction must be one of "token", "sequence", "none", got "all"'); // prettier-ignore
    expectError(() => nll(x, m, { tokenCount: -1 }), RangeError, 'nll: tokenCount must be finite and >= 0, got -1');
    const row = tensor([1, 1, 1]);
    expectError(() => nll(row, row), RangeError, 'nll: logps has shape [3], expected rank 2');
    expectError(() => nll(x, row), RangeError, 'nll: mask has shape [3], expected [3, 3] like logps');
  });
});
