import { GGMLQuantizationType, gguf } from '@huggingface/gguf';
import { closeSync, openSync, readSync } from 'node:fs';

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

/** A weight in float32, of shape `[out, in]` or `[width]`. */
export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A model file: its configuration, its metadata, and a generator of its weights. */
export interface ModelFile {
  readonly config: LlamaConfig;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly weights: () => Generator<Weight>;
}

interface Format {
  /** Bytes per block. */
  readonly bytes: number;
  /** Values per block. */
  readonly size: number;
  readonly unpack: (block: DataView, values: Float32Array) => void;
}

function half(bits: number): number {
  const [sign, exponent, mantissa] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

/** Formats in the file: float32, and blocks of 32 values of 8 bits with a scale, or of 4 bits with a scale and an offset. */
const FORMATS: Readonly<Record<number, Format>> = {
  [GGMLQuantizationType.F32]: {
    bytes: 4,
    size: 1,
    unpack: (block, values) => {
      values[0] = block.getFloat32(0, true);
    },
  },
  [GGMLQuantizationType.Q8_0]: {
    bytes: 34,
    size: 32,
    unpack: (block, values) => {
      const scale = half(block.getUint16(0, true));
      for (let i = 0; i < 32; i++) values[i] = scale * block.getInt8(2 + i);
    },
  },
  [GGMLQuantizationType.Q4_1]: {
    bytes: 20,
    size: 32,
    unpack: (block, values) => {
      const [scale, offset] = [half(block.getUint16(0, true)), half(block.getUint16(2, true))];
      for (let i = 0; i < 16; i++) {
        const pair = block.getUint8(4 + i);
        values[i] = scale * (pair & 15) + offset;
        values[16 + i] = scale * (pair >> 4) + offset;
      }
    },
  },
};

/** Opens a GGUF file that contains a Llama. */
export async function openGguf(path: string): Promise<ModelFile> {
  const { metadata, tensorInfos, tensorDataOffset } = await gguf(path, { allowLocalFile: true });
  const fields = metadata as unknown as Readonly<Record<string, unknown>>;
  const number = (name: string): number => {
    const value = fields[`llama.${name}`];
    if (typeof value !== 'number') throw new Error(`${path}: llama.${name} is ${String(value)}, expected a number`);
    return value;
  };
  const config = {
    layers: number('block_count'),
    width: number('embedding_length'),
    heads: number('attention.head_count'),
    keyHeads: number('attention.head_count_kv'),
    normEpsilon: number('attention.layer_norm_rms_epsilon'),
    ropeBase: number('rope.freq_base'),
  };

  function* weights(): Generator<Weight> {
    const file = openSync(path, 'r');
    try {
      for (const { name, dtype, offset, shape: reversed } of tensorInfos) {
        const format = FORMATS[dtype];
        if (!format) throw new Error(`${path}: ${name} has type ${GGMLQuantizationType[dtype]}, which this reader does not support`);
        const shape = reversed.map(Number).reverse();
        const blocks = shape.reduce((a, b) => a * b, 1) / format.size;
        const bytes = new Uint8Array(blocks * format.bytes);
        const read = readSync(file, bytes, 0, bytes.length, Number(tensorDataOffset) + Number(offset));
        if (read < bytes.length) throw new Error(`${path} ends within ${name}: delete it and download it again`);
        const values = new Float32Array(blocks * format.size);
        for (let i = 0; i < blocks; i++) {
          format.unpack(
            new DataView(bytes.buffer, i * format.bytes, format.bytes),
            values.subarray(i * format.size, (i + 1) * format.size),
          );
        }
        const heads = name.endsWith('attn_q.weight') ? config.heads : name.endsWith('attn_k.weight') ? config.keyHeads : 0;
        yield { name, shape, values: heads > 0 ? inHalves(values, shape as [number, number], heads) : values };
      }
    } finally {
      closeSync(file);
    }
  }
  return { config, metadata: fields, weights };
}

/** Reorders the rows of a weight: llama.cpp stores the two values of a rotary pair side by side, `Llama` expects them half a head apart. */
function inHalves(values: Float32Array, [rows, columns]: readonly [number, number], heads: number): Float32Array {
  const size = rows / heads;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const [head, at] = [Math.floor(row / size), row % size];
    const to = head * size + (at % 2) * (size / 2) + Math.floor(at / 2);
    result.set(values.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return result;
}
