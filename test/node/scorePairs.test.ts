import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onnxModel } from '../../examples/score-pairs/model.js';
import type { Score } from '../../examples/score-pairs/score.js';
import { loadModel } from '../../examples/score-pairs/session.js';
import { byteTokenizer, VOCABULARY_SIZE as V } from '../../examples/score-pairs/tokens.js';
import { tokenLogProbs } from '../../src/core.js';
import { encodePairs, parseJsonl } from '../../src/data/index.js';
import { hashed } from '../../tools/hashed.js';
import { ROOT, runExample } from '../support/runExample.js';

const SIDES = ['chosen', 'rejected'] as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'prefloss-score-pairs-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Options of Node.js that refuse to load TensorFlow.js. */
const WITHOUT_TENSORFLOW = (() => {
  const inline = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  const hook = `export const resolve = (name, context, next) => {
    if (name.startsWith('@tensorflow/')) throw new Error(name + ' must not be loaded');
    return next(name, context);
  };`;
  return { NODE_OPTIONS: `--import ${inline(`import { register } from 'node:module'; register(${JSON.stringify(inline(hook))});`)}` };
})();

const scored = (out: string, ...args: string[]) =>
  runExample('score-pairs/main.ts', ['--out', join(folder, out), ...args], WITHOUT_TENSORFLOW);

const scoresOf = (out: string) => parseJsonl(readFileSync(join(folder, out, 'scores.jsonl'), 'utf8')) as (Score & { on: string })[];

describe('examples/score-pairs', { timeout: 300_000 }, () => {
  let whole: ReturnType<typeof scored>;
  beforeAll(() => {
    whole = scored('whole');
  }, 300_000);

  it('scores every pair without TensorFlow.js, and writes a plot, the scores and the models', () => {
    expect(runExample('mock-loop.ts', [], WITHOUT_TENSORFLOW).stderr).toContain('@tensorflow/tfjs must not be loaded');
    expect(whole.status, whole.stderr).toBe(0);
    const lines = whole.stdout.split('\n').map((line) => line.replaceAll(/ +/g, ' '));
    const scores = scoresOf('whole');
    expect(scores.map(({ row }) => row).sort((a, b) => a - b)).toEqual(Array.from({ length: 56 }, (_, row) => row));
    for (const { on, row, rewards, margin } of scores) {
      const numbers = [rewards.chosen, rewards.rejected, margin].map((x) => x.toFixed(3)).join(' ');
      const start = `${row} ${on === 'train' ? 'train' : 'held out'} ${numbers} ${margin > 0 ? 'right' : 'wrong'} `;
      expect(lines.filter((line) => line.startsWith(start))).toHaveLength(1);
    }
    expect(readdirSync(join(folder, 'whole')).sort()).toEqual(['plot.svg', 'policy', 'reference', 'scores.jsonl']);
    const plot = readFileSync(join(folder, 'whole/plot.svg'), 'utf8');
    expect(plot).toMatch(/^<svg[^]*Train: 44 of 44 right[^]*Held out: 5 of 12 right[^]*<\/svg>\s*$/);
  });

  it('gives the scores of the raw logits in float64, and on the training pairs a better accuracy than the reference alone', async () => {
    const { pairs } = encodePairs(parseJsonl(readFileSync(join(ROOT, 'examples/data/hh-rlhf-sample.jsonl'), 'utf8')), byteTokenizer);
    const models = { policy: await modelOf('whole/policy'), reference: await modelOf('whole/reference') };
    const wins = { policy: 0, reference: 0 };
    const losses: number[] = [];
    for (const score of scoresOf('whole')) {
      const logps = { policy: { chosen: 0, rejected: 0 }, reference: { chosen: 0, rejected: 0 } };
      for (const model of ['policy', 'reference'] as const) {
        for (const side of SIDES) {
          const { tokens, mask } = pairs[score.row]![side];
          const logits = (await models[model]({ tokens: [[...tokens]], attentionMask: [tokens.map(() => 1)] })).data;
          tokens.forEach((token, t) => {
            if (mask[t] === 0) return;
            const row = Array.from(logits.subarray((t - 1) * V, t * V));
            logps[model][side] += row[token]! - Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
          });
          // The kernel takes the exponentials of float32 logits in float32.
          expect(Math.abs(score[model][side] / logps[model][side] - 1)).toBeLessThan(2 ** -24);
        }
      }
      const [chosen, rejected] = SIDES.map((side) => 0.1 * (logps.policy[side] - logps.reference[side])) as [number, number];
      expect(score.rewards.chosen).toBeCloseTo(chosen, 6);
      expect(score.rewards.rejected).toBeCloseTo(rejected, 6);
      expect(score.margin).toBeCloseTo(chosen - rejected, 6);
      if (score.on !== 'train') continue;
      losses.push(Math.log(1 + Math.exp(rejected - chosen)));
      if (chosen > rejected) wins.policy++;
      if (logps.reference.chosen > logps.reference.rejected) wins.reference++;
    }
    expect(wins).toEqual({ policy: 44, reference: 22 });
    const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
    const { stdout } = whole;
    expect(stdout).toMatch(/^reward accuracy +100 % +42 %$/m);
    expect(stdout).toMatch(/^ +by the log-probs of the reference alone +50 % +25 %$/m);
    expect(stdout).toMatch(new RegExp(`^DPO loss +${mean(losses).toFixed(4)} `, 'm'));
  });

  it('gives the same scores in batches of another size, and others for another beta', () => {
    const { status, stderr } = scored('single', '--batch-size', '1');
    expect(status, stderr).toBe(0);
    expect(scoresOf('single')).toEqual(scoresOf('whole'));
    expect(scored('beta', '--beta', '0.2').status).toBe(0);
    scoresOf('beta').forEach(({ margin }, i) => {
      expect(margin).toBeCloseTo(2 * scoresOf('whole')[i]!.margin, 10);
    });
  });

  it.each([
    ['a bad option', ['--beta', '0'], /^--beta is "0", expected a number above 0$/],
    [
      'a folder that cannot be made',
      ['--out', 'package.json/out'],
      /^--out is "package.json\/out", expected a folder that can be written to: ENOTDIR.*$/,
    ],
  ])('explains %s in one line', (_, args, message) => {
    const { status, stderr } = runExample('score-pairs/main.ts', args);
    expect(status).toBe(1);
    expect(stderr.trim()).toMatch(message);
  });
});

const modelOf = (name: string) => loadModel(readFileSync(join(folder, name, 'onnx/model.onnx')));

describe('the ONNX model of examples/score-pairs', () => {
  const tables = { last: Float32Array.from(hashed(V * V, 0, 1)), previous: Float32Array.from(hashed(V * V, 1, 1)) };
  const tokens = [[5, 259, 0, 7], [256, 9, 8, 256]]; // prettier-ignore
  const attentionMask = [[1, 1, 1, 1], [0, 1, 1, 0]]; // prettier-ignore

  it('adds the scores that follow from the last token and from the one before it, unless that is padding', async () => {
    const { data, dims } = await (await loadModel(onnxModel(tables)))({ tokens, attentionMask });
    expect(dims).toEqual([2, 4, V]);
    const expected = tokens.flatMap((row, b) =>
      row.flatMap((token, t) =>
        Array.from({ length: V }, (_, y) => {
          const before = t > 0 && attentionMask[b]![t - 1] === 1 ? tables.previous[row[t - 1]! * V + y]! : 0;
          return Math.fround(tables.last[token * V + y]! + before);
        }),
      ),
    );
    expect(Array.from(data)).toEqual(expected);
  });

  it('gives transformers.js the same logits, whose tensors the library takes as they are', async () => {
    // In Node.js, transformers.js runs a model on the package onnxruntime-node, or on the runtime that it finds under this name.
    ort.env.wasm.wasmPaths = {};
    Object.assign(globalThis, { [Symbol.for('onnxruntime')]: ort });
    const { AutoModelForCausalLM, env, Tensor } = await import('@huggingface/transformers');
    env.allowRemoteModels = false;
    env.localModelPath = folder;
    const model = await AutoModelForCausalLM.from_pretrained('whole/policy', { dtype: 'fp32', device: 'auto' });
    const integers = (rows: number[][]) => new Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [2, 4]);
    const { logits } = (await model({ input_ids: integers(tokens), attention_mask: integers(attentionMask) })) as {
      logits: InstanceType<typeof Tensor>;
    };
    const { data, dims } = await (await modelOf('whole/policy'))({ tokens, attentionMask });
    expect(logits.dims).toEqual(dims);
    expect(logits.data).toEqual(data);
    const labels = integers(tokens);
    expect(tokenLogProbs<unknown, unknown>(logits, labels)).toEqual(tokenLogProbs<unknown, unknown>({ data, dims }, tokens));
  });
});
