/** Sizes and constants of a Llama. */
export interface LlamaConfig {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  /** Number of key and value heads; each serves a group of query heads. */
  readonly keyHeads: number;
  readonly normEpsilon: number;
  readonly ropeBase: number;
}

/** Metadata of a GGUF file. */
export type Metadata = Readonly<Record<string, unknown>>;

/** A value of the metadata for an error message. */
export const shown = (value: unknown): string => (Array.isArray(value) ? `a list of ${value.length}` : String(value).slice(0, 40));

/** Reads the configuration from the metadata of a GGUF file. Throws an error that names the field if a value makes no Llama. */
export function configOf(metadata: Metadata): LlamaConfig {
  if (metadata['general.architecture'] !== 'llama') {
    throw new Error(`general.architecture is ${shown(metadata['general.architecture'])}, expected llama`);
  }
  const width = count(metadata, 'embedding_length');
  const heads = count(metadata, 'attention.head_count');
  const size = width / heads;
  if (size % 2 !== 0) {
    throw new Error(`llama.attention.head_count is ${heads}, expected heads of an even size in the embedding_length of ${width}`);
  }
  const keyHeads = count(metadata, 'attention.head_count_kv');
  if (heads % keyHeads !== 0) {
    throw new Error(`llama.attention.head_count_kv is ${keyHeads}, expected a divisor of the head_count of ${heads}`);
  }
  const rotated = metadata['llama.rope.dimension_count'] ?? size;
  if (rotated !== size) throw new Error(`llama.rope.dimension_count is ${shown(rotated)}, expected the size of a head, ${size}`);
  return {
    layers: count(metadata, 'block_count'),
    width,
    heads,
    keyHeads,
    normEpsilon: positive(metadata, 'attention.layer_norm_rms_epsilon'),
    ropeBase: positive(metadata, 'rope.freq_base'),
  };
}

/** Checks the tensors of a file: all those of a Llama whose output head is its embedding, and no others. Throws an error that names one. */
export function checkShapes(config: LlamaConfig, metadata: Metadata, shapes: ReadonlyMap<string, readonly number[]>): void {
  const { layers, width, heads, keyHeads } = config;
  if (layers > shapes.size) throw new Error(`llama.block_count is ${layers}, but the file has ${shapes.size} tensors`);
  const [inner, keys] = [count(metadata, 'feed_forward_length'), (width / heads) * keyHeads];
  const vocabulary = lengthOf(metadata['tokenizer.ggml.tokens']);
  const block = { attn_norm: [width], attn_q: [width, width], attn_k: [keys, width], attn_v: [keys, width], attn_output: [width, width], ffn_norm: [width], ffn_gate: [inner, width], ffn_up: [inner, width], ffn_down: [width, inner] }; // prettier-ignore
  const expected = new Map([
    ['token_embd.weight', [vocabulary, width]],
    ['output_norm.weight', [width]],
    ...Array.from({ length: layers }, (_, i) =>
      Object.entries(block).map(([name, shape]) => [`blk.${i}.${name}.weight`, shape] as const),
    ).flat(),
  ]);
  for (const [name, shape] of expected) {
    const found = shapes.get(name);
    if (!found) throw new Error(`${name} is missing`);
    if (found.join() !== shape.join()) throw new Error(`${name} has shape [${found.join(', ')}], expected [${shape.join(', ')}]`);
  }
  const other = [...shapes.keys()].find((name) => !expected.has(name));
  if (other !== undefined) throw new Error(`${other} is not part of a Llama whose output head is its embedding`);
}

function count(metadata: Metadata, name: string): number {
  const value = metadata[`llama.${name}`];
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw new Error(`llama.${name} is ${shown(value)}, expected an integer of at least 1`);
}

function positive(metadata: Metadata, name: string): number {
  const value = metadata[`llama.${name}`];
  if (typeof value === 'number' && value > 0 && value < Infinity) return value;
  throw new Error(`llama.${name} is ${shown(value)}, expected a finite number above 0`);
}

function lengthOf(tokens: unknown): number {
  if (Array.isArray(tokens)) return tokens.length;
  throw new Error(`tokenizer.ggml.tokens is ${shown(tokens)}, expected a list`);
}
