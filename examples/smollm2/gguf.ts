import { GGMLQuantizationType, gguf, type GGUFTensorInfo } from '@huggingface/gguf';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { checkShapes, configOf, type LlamaConfig, type Metadata } from './llamaConfig.js';

/** A weight in float32, of shape `[out, in]` or `[width]`. */
export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A model file: its configuration, its metadata, and a generator of its weights. */
export interface ModelFile {
  readonly config: LlamaConfig;
  readonly metadata: Metadata;
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

/** Where the values of a tensor are in the file. */
interface Place {
  readonly name: string;
  readonly shape: readonly number[];
  readonly format: Format;
  readonly blocks: number;
  /** Offset of its first byte, and of the byte after its last one. */
  readonly start: number;
  readonly end: number;
}

/**
 * Opens a GGUF file that contains a Llama.
 *
 * @throws Error that names the file, and the field or tensor, if it is cut short or damaged, or contains something else. Everything but
 *   the values of the weights is checked before any memory is allocated for them.
 */
export async function openGguf(path: string): Promise<ModelFile> {
  try {
    const {
      metadata: parsed,
      tensorInfos,
      tensorInfoByteRange,
      tensorDataOffset,
      littleEndian,
    } = await gguf(path, { allowLocalFile: true });
    if (!littleEndian) throw new Error('the file is big-endian, expected little-endian');
    const metadata = parsed as unknown as Metadata;
    const config = configOf(metadata);
    const places = tensorInfos.map((info) => placeOf(info, Number(tensorDataOffset)));
    const shapes = new Map<string, readonly number[]>();
    for (const { name, shape } of places) {
      if (shapes.has(name)) throw new Error(`${name} occurs twice`);
      shapes.set(name, shape);
    }
    checkShapes(config, metadata, shapes);
    checkPlaces(places, tensorInfoByteRange[1], statSync(path).size);
    return { config, metadata, weights: () => weightsOf(path, config, places) };
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

function placeOf({ name, dtype, offset, shape: reversed }: GGUFTensorInfo, data: number): Place {
  const format = FORMATS[dtype];
  if (!format) throw new Error(`${name} has type ${dtype} (${GGMLQuantizationType[dtype]}), which this reader does not support`);
  const shape = reversed.map(Number).reverse();
  const columns = shape.at(-1);
  if (columns === undefined || columns % format.size !== 0) {
    throw new Error(`${name} has shape [${shape.join(', ')}], expected rows of whole blocks of ${format.size} values`);
  }
  const blocks = shape.reduce((a, b) => a * b) / format.size;
  const start = data + Number(offset);
  return { name, shape, format, blocks, start, end: start + blocks * format.bytes };
}

/** Checks that the tensors are in the file, behind its header, each at a place of its own. */
function checkPlaces(places: readonly Place[], headerEnd: number, size: number): void {
  let before = { name: 'the header', end: headerEnd };
  for (const place of [...places].sort((a, b) => a.start - b.start)) {
    const { name, start, end } = place;
    if (start < before.end) throw new Error(`${name} starts at byte ${start}, within ${before.name}`);
    if (end > size) throw new Error(`${name} ends at byte ${end} of ${size}: delete the file and download it again`);
    before = place;
  }
}

function* weightsOf(path: string, config: LlamaConfig, places: readonly Place[]): Generator<Weight> {
  const file = openSync(path, 'r');
  try {
    for (const { name, shape, format, blocks, start, end } of places) {
      const bytes = new Uint8Array(end - start);
      const read = readSync(file, bytes, 0, bytes.length, start);
      if (read < bytes.length) throw new Error(`${path} ends within ${name}: delete it and download it again`);
      const values = new Float32Array(blocks * format.size);
      for (let i = 0; i < blocks; i++) {
        format.unpack(new DataView(bytes.buffer, i * format.bytes, format.bytes), values.subarray(i * format.size, (i + 1) * format.size));
      }
      const heads = name.endsWith('attn_q.weight') ? config.heads : name.endsWith('attn_k.weight') ? config.keyHeads : 0;
      yield { name, shape, values: heads > 0 ? inHalves(values, shape as [number, number], heads) : values };
    }
  } finally {
    closeSync(file);
  }
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
