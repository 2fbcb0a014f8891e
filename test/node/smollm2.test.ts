import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { train } from '../../examples/shared/train.js';
import { openGguf } from '../../examples/smollm2/gguf.js';
import { Llama } from '../../examples/smollm2/llama.js';
import { newAdapters } from '../../examples/smollm2/lora.js';
import { tokenizerOf, type Chat } from '../../examples/smollm2/tokenizer.js';
import { Dpo } from '../../examples/smollm2/dpo.js';
import reference from '../../examples/smollm2/reference.json' with { type: 'json' };
import { AdamW, encodePairs, parseJsonl, type EncodedPair } from '../../src/index.js';
import { hashed } from '../../tools/hashed.js';
import { hasTfjsNode, loadTfjsNode } from '../../tools/tfjs-node.js';

const path = (file: string) => fileURLToPath(new URL(`../../examples/${file}`, import.meta.url));
const WEIGHTS = path('smollm2/weights/SmolLM2-135M-Instruct.Q4_1.gguf');
const rows = parseJsonl(readFileSync(path('data/hh-rlhf-sample.jsonl'), 'utf8'));
const { rows: trainingRows, width, rank, scale, beta, learningRate, steps } = reference.training;

const BACKENDS = [
  // `pairs` and `updates` keep the test short on a slow backend; log-probs must be within `relative` of PyTorch's in float64.
  { backend: 'wasm', pairs: 2, relative: 1e-5, updates: 2 },
  ...(hasTfjsNode() ? [{ backend: 'tensorflow', pairs: reference.pairs.length, relative: 1e-5, updates: steps.length }] : []),
];

// Without pip there are no weights; examples/smollm2/get-weights.mjs, which runs before the tests, reports that.
describe.skipIf(!existsSync(WEIGHTS))('SmolLM2-135M-Instruct', () => {
  let chat: Chat;
  let encoded: EncodedPair[];
  let file: Awaited<ReturnType<typeof openGguf>>;
  beforeAll(async () => {
    file = await openGguf(WEIGHTS);
    chat = tokenizerOf(file.metadata);
    encoded = encodePairs(rows, chat).pairs;
  });

  it('has the token ids and prompt lengths of transformers', () => {
    for (const { row, chosen, rejected, promptLength } of reference.pairs) {
      expect([encoded[row]!.chosen.tokens, encoded[row]!.rejected.tokens]).toEqual([chosen, rejected]);
      expect([encoded[row]!.chosen.mask.indexOf(1), encoded[row]!.rejected.mask.indexOf(1)]).toEqual([promptLength, promptLength]);
    }
  });

  it('counts the answers of a conversation with their ends, by its own template and tokens', () => {
    const turns = (answer: string) => ['Hi', 'Yes?', '2+2?', answer].map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content })); // prettier-ignore
    const { tokens, mask } = encodePairs([{ chosen: turns('It is 4.'), rejected: turns('5') }], chat).pairs[0]!.chosen;
    const counted = tokens.filter((_, t) => mask[t] === 1);
    expect(chat.decode(counted)).toBe('Yes?\nIt is 4.\n');
    expect(counted.filter((id) => id === chat.end)).toHaveLength(2);
  });

  it.each(BACKENDS)(
    'has the log-probs, losses and gradient norms of PyTorch on $backend',
    async ({ backend, pairs, relative, updates }) => {
      if (backend === 'tensorflow') await loadTfjsNode();
      await tf.setBackend(backend);
      const model = new Llama(file.config, file.weights());
      const adapters = newAdapters(model.shapes('attn_q', 'attn_v'), rank, scale);
      // The start that reference.py computes, too.
      [...adapters.values()].forEach(({ a }, i) => {
        tf.tidy(() => {
          a.assign(tf.tensor(hashed(a.size, i, 2 ** -5), a.shape));
        });
      });
      const dpo = new Dpo(model, adapters, chat.end);

      const off = (actual: number, expected: number) => Math.abs(actual / expected - 1);
      const scored = await dpo.withReference(encoded.slice(0, pairs), 1);
      const logps = scored.flatMap(({ reference: ours }, i) => {
        const [chosen, rejected] = reference.pairs[i]!.logps as [number, number];
        return [off(ours!.chosen, chosen), off(ours!.rejected, rejected)];
      });
      expect(Math.max(...logps)).toBeLessThan(relative);

      const cut = encodePairs(
        trainingRows.map((row) => rows[row]),
        chat,
        { maxLength: width, truncation: 'keepStart' },
      ).pairs;
      const batch = await dpo.withReference(cut, cut.length);
      const before = tf.memory().numTensors;
      const optimizer = new AdamW({ weightDecay: 0 });
      const seen: Readonly<Record<string, number>>[] = [];
      let start = 0;
      const seconds: number[] = [];
      await train({
        variables: dpo.variables,
        objective: dpo.objective(beta),
        optimizer,
        items: batch,
        batchSize: batch.length,
        seed: 0,
        steps: updates,
        rate: () => learningRate,
        maxNorm: 1e9,
        evaluateEvery: Infinity,
        onBatch: (_, metrics) => {
          seen.push(metrics);
          seconds.push((performance.now() - start) / 1000);
          start = performance.now();
        },
        onEvaluation: () => {
          start = performance.now();
          return Promise.resolve(false);
        },
      });
      const losses = seen.map(({ loss }, i) => Math.abs(loss! - steps[i]!.loss));
      const norms = seen.map(({ gradientNorm }, i) => off(gradientNorm!, steps[i]!.gradientNorm));
      expect(Math.max(...losses)).toBeLessThan(1e-5);
      expect(Math.max(...norms)).toBeLessThan(1e-4);
      const [l, n, g] = [logps, losses, norms].map((all) => Math.max(...all).toExponential(1));
      console.log(
        `${backend}: log-probs off by ${l!}, losses by ${n!}, gradient norms by ${g!}; an update takes ${Math.min(...seconds).toFixed(1)} s`,
      );
      optimizer.dispose();
      expect(tf.memory().numTensors).toBe(before);
      model.dispose();
      tf.dispose(dpo.variables);
    },
    600_000,
  );
});
