import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGguf } from '../../examples/smollm2/gguf.js';
import { tokenizerOf } from '../../examples/smollm2/tokenizer.js';
import { ggufBytes, tinyLlamaFile, type GgufTensor } from '../support/gguf.js';

let path: string;
beforeAll(() => {
  path = join(mkdtempSync(join(tmpdir(), 'prefloss-gguf-')), 'model.gguf');
});
afterAll(() => {
  rmSync(join(path, '..'), { recursive: true });
});

const file = tinyLlamaFile();
const open = (bytes: Uint8Array) => {
  writeFileSync(path, bytes);
  return openGguf(path);
};
const withMetadata = (changed: object) => ({ ...file, metadata: { ...file.metadata, ...changed } });
const withTensor = (name: string, changed: Partial<GgufTensor>) => ({
  ...file,
  tensors: file.tensors.map((tensor) => (tensor.name === name ? { ...tensor, ...changed } : tensor)),
});

it('reads a small Llama', async () => {
  const { config, metadata, weights } = await open(ggufBytes(file));
  expect(config).toEqual({ layers: 1, width: 4, heads: 2, keyHeads: 1, normEpsilon: 2 ** -17, ropeBase: 10000 });
  expect([...weights()].map(({ name, values }) => [name, values.length])).toEqual(
    file.tensors.map(({ name, dimensions }) => [name, dimensions.map(Number).reduce((a, b) => a * b)]),
  );
  expect(tokenizerOf(metadata).end).toBe(3);
});

describe('a file of anything else is an error that names the file, and', () => {
  const COUNT = 'expected an integer of at least 1';
  const POSITIVE = 'expected a finite number above 0';
  it.each([
    [{ 'general.architecture': 'qwen2' }, 'general.architecture is qwen2, expected llama'],
    [{ 'llama.block_count': 0 }, `llama.block_count is 0, ${COUNT}`],
    [{ 'llama.block_count': 4_000_000_000 }, 'llama.block_count is 4000000000, but the file has 11 tensors'],
    [{ 'llama.block_count': 2 }, 'blk.1.attn_norm.weight is missing'],
    [{ 'llama.embedding_length': 0 }, `llama.embedding_length is 0, ${COUNT}`],
    [{ 'llama.embedding_length': 8 }, 'token_embd.weight has shape [5, 4], expected [5, 8]'],
    [{ 'llama.feed_forward_length': 0 }, `llama.feed_forward_length is 0, ${COUNT}`],
    [{ 'llama.attention.head_count': 0 }, `llama.attention.head_count is 0, ${COUNT}`],
    [{ 'llama.attention.head_count': [2, 2] }, `llama.attention.head_count is a list of 2, ${COUNT}`],
    [{ 'llama.attention.head_count': 3 }, 'llama.attention.head_count is 3, expected heads of an even size in the embedding_length of 4'],
    [{ 'llama.attention.head_count': 4 }, 'llama.attention.head_count is 4, expected heads of an even size in the embedding_length of 4'],
    [{ 'llama.attention.head_count_kv': 0 }, `llama.attention.head_count_kv is 0, ${COUNT}`],
    [{ 'llama.attention.head_count_kv': 3 }, 'llama.attention.head_count_kv is 3, expected a divisor of the head_count of 2'],
    [{ 'llama.attention.layer_norm_rms_epsilon': NaN }, `llama.attention.layer_norm_rms_epsilon is NaN, ${POSITIVE}`],
    [{ 'llama.attention.layer_norm_rms_epsilon': Infinity }, `llama.attention.layer_norm_rms_epsilon is Infinity, ${POSITIVE}`],
    [{ 'llama.rope.freq_base': NaN }, `llama.rope.freq_base is NaN, ${POSITIVE}`],
    [{ 'llama.rope.freq_base': 'high' }, `llama.rope.freq_base is high, ${POSITIVE}`],
    [{ 'llama.rope.dimension_count': 1 }, 'llama.rope.dimension_count is 1, expected the size of a head, 2'],
    [{ 'tokenizer.ggml.tokens': ['a', 'b'] }, 'token_embd.weight has shape [5, 4], expected [2, 4]'],
    [{ 'tokenizer.ggml.tokens': 5 }, 'tokenizer.ggml.tokens is 5, expected a list'],
  ])('the field: %j', async (changed, message) => {
    await expect(open(ggufBytes(withMetadata(changed)))).rejects.toThrow(`${path}: ${message}`);
  });

  it.each([
    ['attn_q', { dimensions: [4, 2] }, 'has shape [2, 4], expected [4, 4]'],
    ['attn_q', { dimensions: [] }, 'has shape [], expected rows of whole blocks of 1 values'],
    ['attn_q', { dimensions: [4, 2 ** 32] }, 'has shape [4294967296, 4], expected [4, 4]'],
    ['attn_q', { name: 'blk.0.attn_q.bias' }, 'is missing'],
    ['attn_q', { type: 8 }, 'has shape [4, 4], expected rows of whole blocks of 32 values'],
    ['attn_q', { type: 14 }, 'has type 14 (Q6_K), which this reader does not support'],
    ['attn_q', { type: 99 }, 'has type 99 (undefined), which this reader does not support'],
    ['attn_q', { offset: 32 }, /^starts at byte \d+, within token_embd.weight$/],
    ['ffn_down', { offset: 2 ** 52 }, /^ends at byte 45\d+ of \d+: delete the file and download it again$/],
  ])('the tensor: %s with %j', async (name, changed, message) => {
    const tensor = `blk.0.${name}.weight`;
    const error: Error = await open(ggufBytes(withTensor(tensor, changed))).then(() => expect.fail('no error'), (thrown: unknown) => thrown as Error); // prettier-ignore
    expect(error.message).toMatch(`${path}: ${tensor} `);
    expect(error.message.slice(`${path}: ${tensor} `.length)).toMatch(message);
  });

  it('a tensor that occurs twice, or is none of a Llama', async () => {
    const [first] = file.tensors;
    await expect(open(ggufBytes({ ...file, tensors: [...file.tensors, first!] }))).rejects.toThrow(
      `${path}: token_embd.weight occurs twice`,
    );
    const other = { ...first!, name: 'output.weight' };
    await expect(open(ggufBytes({ ...file, tensors: [...file.tensors, other] }))).rejects.toThrow(
      `${path}: output.weight is not part of a Llama whose output head is its embedding`,
    );
  });

  it.each([
    [{ 'tokenizer.ggml.pre': 'llama-bpe' }, 'the tokenizer is gpt2 / llama-bpe, expected gpt2 / smollm'],
    [{ 'tokenizer.ggml.tokens': [1, 2] }, 'item 0 of tokenizer.ggml.tokens is 1, expected a string'],
    [{ 'tokenizer.ggml.merges': 'a b' }, 'tokenizer.ggml.merges is a b, expected a list'],
    [{ 'tokenizer.ggml.token_type': [1] }, 'tokenizer.ggml.token_type is a list of 1, expected a list of 5'],
    [{ 'tokenizer.ggml.eos_token_id': 5 }, 'tokenizer.ggml.eos_token_id is 5, expected the id of one of 5 tokens'],
  ])('the field of the tokenizer: %j', (changed, message) => {
    expect(() => tokenizerOf({ ...file.metadata, ...changed })).toThrow(message);
  });

  // Wherever it is cut, something is missing.
  it('the place where it was cut short', async () => {
    const bytes = ggufBytes(file);
    for (let length = 0; length < bytes.length; length += 7) {
      await expect(open(bytes.subarray(0, length)), `${length} bytes`).rejects.toThrow(`${path}: `);
    }
    await expect(open(bytes.subarray(0, -32))).rejects.toThrow(/blk\.0\.ffn_down\.weight ends at byte \d+ of \d+: delete the file/);
  });

  it.each([
    ['tensors', 8],
    ['fields', 16],
  ])('an absurd number of %s', async (_, at) => {
    for (const count of [2n ** 63n, 99_999n]) {
      const bytes = ggufBytes(file);
      new DataView(bytes.buffer).setBigUint64(at, count, true);
      await expect(open(bytes)).rejects.toThrow(`${path}: `);
    }
  });
});
