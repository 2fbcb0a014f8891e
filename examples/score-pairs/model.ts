import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import type { Tables } from './fit.js';
import { VOCABULARY_SIZE } from './tokens.js';

const { Root } = protobuf;

/**
 * Writes a language model as an ONNX file, with the inputs and the output of the models that transformers.js loads:
 *
 *     input_ids int64 [B, T], attention_mask int64 [B, T] gives logits float32 [B, T, V]
 */
export function onnxModel({ last, previous }: Tables): Uint8Array {
  const graph = {
    name: 'language model',
    input: [valueInfo('input_ids', 'INT64', ['B', 'T']), valueInfo('attention_mask', 'INT64', ['B', 'T'])],
    output: [valueInfo('logits', 'FLOAT', ['B', 'T', VOCABULARY_SIZE])],
    initializer: [
      tensor('last', 'FLOAT', [VOCABULARY_SIZE, VOCABULARY_SIZE], last),
      tensor('previous', 'FLOAT', [VOCABULARY_SIZE, VOCABULARY_SIZE], previous),
      tensor('last_axis', 'INT64', [1], BigInt64Array.of(2n)),
      // One row of zeros before the first place, and one row less after the last: each place reads the one before it.
      tensor('one_later', 'INT64', [6], BigInt64Array.of(0n, 1n, 0n, 0n, -1n, 0n)),
    ],
    node: [
      node('Gather', ['last', 'input_ids'], 'from_last'),
      node('Gather', ['previous', 'input_ids'], 'unmasked'),
      { ...node('Cast', ['attention_mask'], 'mask'), attribute: [{ name: 'to', type: 'INT', i: FLOAT }] },
      node('Unsqueeze', ['mask', 'last_axis'], 'mask_column'),
      node('Mul', ['unmasked', 'mask_column'], 'masked'),
      node('Pad', ['masked', 'one_later'], 'from_previous'),
      node('Add', ['from_last', 'from_previous'], 'logits'),
    ],
  };
  const format = new Root().loadSync(fileURLToPath(new URL('onnx.proto', import.meta.url)), { keepCase: true });
  const type = format.lookupType('onnx.ModelProto');
  return type.encode(type.fromObject({ ir_version: 8, opset_import: [{ version: 17 }], graph })).finish();
}

/** Number of this dtype in ONNX. */
const FLOAT = 1;

const node = (op_type: string, input: readonly string[], output: string) => ({ op_type, input, output: [output] });

const valueInfo = (name: string, elem_type: 'FLOAT' | 'INT64', axes: readonly (string | number)[]) => ({
  name,
  type: {
    tensor_type: {
      elem_type,
      shape: { dim: axes.map((axis) => (typeof axis === 'string' ? { dim_param: axis } : { dim_value: axis })) },
    },
  },
});

const tensor = (name: string, data_type: 'FLOAT' | 'INT64', dims: readonly number[], { buffer }: Float32Array | BigInt64Array) => ({
  name,
  data_type,
  dims,
  raw_data: new Uint8Array(buffer),
});
