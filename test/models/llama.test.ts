import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Llama } from '../../examples/smollm2/llama.js';
import { newAdapters } from '../../examples/smollm2/lora.js';
import reference from '../../examples/smollm2/reference.json' with { type: 'json' };
import { collatePairs, completionLogProbs, noGrad, valueAndGrads, type Sequence } from '../../src/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { hashed } from '../../tools/hashed.js';
import { epsilon, liveTensors, read, isTfjs } from '../support/engine.js';

const { tiny } = reference;
const { layers, width, heads, kv: keyHeads, eps: normEpsilon, theta: ropeBase } = tiny.config;

function* weights() {
  for (const [seed, [name, shape]] of Object.entries(tiny.shapes).entries()) {
    const values = hashed(shape.reduce((a, b) => a * b, 1), seed, 0.5); // prettier-ignore
    yield { name, shape, values: shape.length === 1 ? values.map((v) => 1 + v) : values };
  }
}

// The model of examples/smollm2 with a few thousand weights, compared with PyTorch in float64.
describe.runIf(isTfjs)('the Llama of examples/smollm2', () => {
  const sequences = tiny.sequences.map(({ tokens, start }): Sequence => ({ tokens, mask: tokens.map((_, t) => Number(t >= start)) }));

  it("has PyTorch's log-probs, and its gradients through recomputed layers", async () => {
    const model = new Llama({ layers, width, heads, keyHeads, normEpsilon, ropeBase }, weights());
    const [chosen, rejected] = sequences as [Sequence, Sequence];
    const batch = collatePairs([{ row: 0, chosen, rejected }], { padTokenId: 0 });
    const ids = tf.tensor2d(batch.tokens, undefined, 'int32');
    const adapters = newAdapters(model.shapes('attn_q', 'attn_v'), 8, 2);
    [...adapters.values()].forEach(({ a, b }, i) => {
      tf.tidy(() => {
        a.assign(tf.tensor(hashed(a.size, i, 2 ** -5), a.shape));
        b.assign(tf.tensor(hashed(b.size, 50 + i, 0.5), b.shape));
      });
    });
    const logps = (changed?: typeof adapters) =>
      completionLogProbs({ hidden: model.hidden(ids, changed), weight: model.embedding }, batch, { frozenWeight: true });
    const near = { relative: 20 * epsilon, absolute: 20 * epsilon };

    const plain = noGrad(() => logps());
    expectClose((await read(plain)) as Values, tiny.logps, near);
    const variables = [...adapters.values()].flatMap(({ a, b }) => [a, b]);
    const before = liveTensors();
    const { loss, grads, adapted } = valueAndGrads(() => {
      const adapted = logps(adapters);
      return { loss: tf.sum(tf.mul(adapted, tf.tensor1d([1, -0.5]))) as tf.Scalar, adapted };
    }, variables);
    expectClose((await read(adapted)) as Values, tiny.adapted, near);
    const names = [...adapters.keys()].flatMap((name) => [`${name}.a`, `${name}.b`]);
    for (const [i, variable] of variables.entries()) {
      const expected = tiny.grads[names[i] as keyof typeof tiny.grads] as number[][];
      const largest = Math.max(...expected.flat().map(Math.abs));
      expectClose((await read(grads[variable.name])) as Values, expected, { relative: 0, absolute: 20 * epsilon * largest });
    }
    tf.dispose([loss, grads, adapted]);
    expect(liveTensors()).toBe(before);
    model.dispose();
  });
});
