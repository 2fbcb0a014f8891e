/** A tensor of a GGUF file: its dimensions in the order of the file, the number of its type, and its place after the header. */
export interface GgufTensor {
  readonly name: string;
  readonly dimensions: readonly (number | bigint)[];
  readonly type: number;
  readonly offset: number;
}

/** Contents of a small GGUF file. */
export interface GgufFile {
  /** Strings are stored as strings, integers as uint32, other numbers as float32, lists as lists of strings, or of int32. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tensors: readonly GgufTensor[];
  /** Number of bytes after the header. */
  readonly dataBytes: number;
}

const [F32, ALIGNMENT] = [0, 32];
const [UINT32, INT32, FLOAT32, STRING, LIST] = [4, 5, 6, 8, 9];

/** The contents of a file with a Llama of one layer: 2 heads of size 2, one of them for keys, and 5 tokens. */
export function tinyLlamaFile(): GgufFile {
  const [width, keys, inner, tokens] = [4, 2, 6, ['a', 'b', 'ab', '<end>', '<pad>']];
  const shapes = {
    'token_embd.weight': [width, tokens.length],
    'output_norm.weight': [width],
    'blk.0.attn_norm.weight': [width],
    'blk.0.attn_q.weight': [width, width],
    'blk.0.attn_k.weight': [width, keys],
    'blk.0.attn_v.weight': [width, keys],
    'blk.0.attn_output.weight': [width, width],
    'blk.0.ffn_norm.weight': [width],
    'blk.0.ffn_gate.weight': [width, inner],
    'blk.0.ffn_up.weight': [width, inner],
    'blk.0.ffn_down.weight': [inner, width],
  };
  let dataBytes = 0;
  const tensors = Object.entries(shapes).map(([name, dimensions]): GgufTensor => {
    const offset = dataBytes;
    dataBytes = aligned(offset + 4 * dimensions.reduce((a, b) => a * b));
    return { name, dimensions, type: F32, offset };
  });
  const metadata = {
    'general.architecture': 'llama',
    'llama.block_count': 1,
    'llama.embedding_length': width,
    'llama.feed_forward_length': inner,
    'llama.attention.head_count': 2,
    'llama.attention.head_count_kv': 1,
    'llama.attention.layer_norm_rms_epsilon': 2 ** -17,
    'llama.rope.freq_base': 10000,
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'smollm',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': [1, 1, 1, 3, 3],
    'tokenizer.ggml.merges': ['a b'],
    'tokenizer.ggml.eos_token_id': 3,
    'tokenizer.ggml.padding_token_id': 4,
    'tokenizer.chat_template': '{{ messages[0].content }}',
  };
  return { metadata, tensors, dataBytes };
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** The bytes of a GGUF file of version 3. Byte i of the data is 0. */
export function ggufBytes({ metadata, tensors, dataBytes }: GgufFile): Uint8Array {
  const parts: Uint8Array[] = [];
  const write = (bytes: number, set: (view: DataView) => void): void => {
    const part = new Uint8Array(bytes);
    set(new DataView(part.buffer));
    parts.push(part);
  };
  const uint32 = (x: number): void => {
    write(4, (view) => {
      view.setUint32(0, x, true);
    });
  };
  const uint64 = (x: number | bigint): void => {
    write(8, (view) => {
      view.setBigUint64(0, BigInt(x), true);
    });
  };
  const string = (x: string): void => {
    const bytes = new TextEncoder().encode(x);
    uint64(bytes.length);
    parts.push(bytes);
  };
  const value = (x: unknown): void => {
    if (typeof x === 'string') {
      uint32(STRING);
      string(x);
    } else if (Array.isArray(x)) {
      uint32(LIST);
      uint32(typeof x[0] === 'string' ? STRING : INT32);
      uint64(x.length);
      for (const item of x as (string | number)[]) {
        if (typeof item === 'string') string(item);
        else uint32(item);
      }
    } else if (Number.isInteger(x)) {
      uint32(UINT32);
      uint32(x as number);
    } else {
      uint32(FLOAT32);
      write(4, (view) => {
        view.setFloat32(0, x as number, true);
      });
    }
  };

  parts.push(new TextEncoder().encode('GGUF'));
  uint32(3);
  uint64(tensors.length);
  uint64(Object.keys(metadata).length);
  for (const [key, x] of Object.entries(metadata)) {
    string(key);
    value(x);
  }
  for (const { name, dimensions, type, offset } of tensors) {
    string(name);
    uint32(dimensions.length);
    dimensions.forEach(uint64);
    uint32(type);
    uint64(offset);
  }
  const header = parts.reduce((sum, { length }) => sum + length, 0);
  parts.push(new Uint8Array(aligned(header) - header + dataBytes));
  return new Uint8Array(Buffer.concat(parts));
}
