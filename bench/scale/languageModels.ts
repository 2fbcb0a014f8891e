/** Sizes of a decoder of the Llama family. */
export interface Decoder {
  readonly blocks: number;
  readonly width: number;
  /** Width of the MLP. */
  readonly inner: number;
  /** Width of keys and values. */
  readonly keys: number;
  readonly vocabulary: number;
  /** Whether the output head is the embedding. */
  readonly isTied: boolean;
}

/** The models of the plan, from their `config.json`. */
export const DECODERS = {
  'SmolLM2 135M': { blocks: 30, width: 576, inner: 1536, keys: 192, vocabulary: 49_152, isTied: true },
  'SmolLM2 360M': { blocks: 32, width: 960, inner: 2560, keys: 320, vocabulary: 49_152, isTied: true },
  'SmolLM2 1.7B': { blocks: 24, width: 2048, inner: 8192, keys: 2048, vocabulary: 49_152, isTied: true },
  'Llama 3.1 8B': { blocks: 32, width: 4096, inner: 14_336, keys: 1024, vocabulary: 128_256, isTied: false },
} as const satisfies Readonly<Record<string, Decoder>>;

/** Inputs and outputs of the matrices of a block: queries, keys, values, output, gate, up, down. */
export const matricesOf = ({ width, inner, keys }: Decoder): readonly (readonly [inputs: number, outputs: number])[] => [
  [width, width],
  [width, keys],
  [width, keys],
  [width, width],
  [width, inner],
  [width, inner],
  [inner, width],
];

/** Number of weights. */
export function weightsOf(decoder: Decoder): number {
  const { blocks, width, vocabulary, isTied } = decoder;
  const block = matricesOf(decoder).reduce((sum, [inputs, outputs]) => sum + inputs * outputs, 2 * width);
  return blocks * block + width + (isTied ? 1 : 2) * width * vocabulary;
}

/** Number of weights of LoRA adapters on all matrices of the blocks. */
export const adapterWeightsOf = (decoder: Decoder, rank: number): number =>
  decoder.blocks * matricesOf(decoder).reduce((sum, [inputs, outputs]) => sum + rank * (inputs + outputs), 0);
