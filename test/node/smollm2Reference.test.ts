import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { evaluate } from '../../examples/shared/train.js';
import { Dpo } from '../../examples/smollm2/dpo.js';
import { Llama } from '../../examples/smollm2/llama.js';
import { frozenAdapters, newAdapters } from '../../examples/smollm2/lora.js';
import { AdamW, valueAndGrads, type EncodedPair } from '../../src/index.js';
import { hashed } from '../../tools/hashed.js';

const [vocabulary, width, hidden] = [16, 8, 12];
const MATRICES = { attn_q: [width, width], attn_k: [width / 2, width], attn_v: [width / 2, width], attn_output: [width, width], ffn_gate: [hidden, width], ffn_up: [hidden, width], ffn_down: [width, hidden] }; // prettier-ignore
const config = { layers: 2, width, heads: 2, keyHeads: 1, ropeBase: 10000, normEpsilon: 1e-5 };

/** A Llama with two small layers. */
function tinyLlama(): Llama {
  const weights: [string, number[]][] = [
    ['token_embd.weight', [vocabulary, width]],
    ['output_norm.weight', [width]],
    ...[0, 1].flatMap((i): [string, number[]][] => [
      ...Object.entries(MATRICES).map(([name, shape]): [string, number[]] => [`blk.${i}.${name}.weight`, shape]),
      [`blk.${i}.attn_norm.weight`, [width]],
      [`blk.${i}.ffn_norm.weight`, [width]],
    ]),
  ];
  return new Llama(
    config,
    weights.map(([name, shape], i) => {
      const values = hashed(
        shape.reduce((a, b) => a * b),
        i,
        0.5,
      );
      return { name, shape, values: shape.length === 1 ? values.fill(1) : values };
    }),
  );
}

const pairs: EncodedPair[] = [
  { row: 0, chosen: { tokens: [1, 2, 3, 4], mask: [0, 0, 1, 1] }, rejected: { tokens: [1, 2, 5], mask: [0, 0, 1] } },
  { row: 1, chosen: { tokens: [1, 6, 7], mask: [0, 0, 1] }, rejected: { tokens: [1, 6, 8, 9], mask: [0, 0, 1, 1] } },
];

beforeAll(async () => tf.setBackend('cpu'));

it('trains an SFT adapter with DPO against a frozen copy of it, or against the base model', async () => {
  const model = tinyLlama();
  const sft = newAdapters(model.shapes('attn_q', 'attn_v'), 2, 2);
  // As after SFT: b is not 0.
  [...sft.values()].forEach(({ b }, i) => {
    tf.tidy(() => {
      b.assign(tf.tensor(hashed(b.size, 100 + i, 1), b.shape));
    });
  });
  const reference = frozenAdapters(sft);
  const before = tf.memory().numTensors;
  const [copied, base] = [new Dpo(model, sft, 0, reference), new Dpo(model, sft, 0)];
  const lossOf = async (dpo: Dpo) => (await evaluate(dpo.objective(0.1), await dpo.withReference(pairs, 2), 2)).loss!;
  expect(Math.abs((await lossOf(copied)) - Math.LN2)).toBeLessThan(1e-6);
  expect(Math.abs((await lossOf(base)) - Math.LN2)).toBeGreaterThan(1e-3);

  const known = await copied.withReference(pairs, 2);
  const optimizer = new AdamW({ learningRate: 0.01 });
  const { grads, ...outputs } = valueAndGrads(() => copied.objective(0.1)(known), copied.variables);
  expect(Object.keys(grads)).toHaveLength(copied.variables.length);
  optimizer.applyGradients(grads);
  tf.dispose([grads, outputs]);
  expect(await copied.withReference(pairs, 2)).toEqual(known); // the reference stays
  expect(await lossOf(copied)).toBeLessThan(Math.LN2 - 1e-3);
  optimizer.dispose();
  expect(tf.memory().numTensors).toBe(before + 3); // the tables of rows of 16 tokens
  tf.dispose([...sft.values(), ...reference.values()].flatMap(({ a, b }) => [a, b]));
  model.dispose();
});
