import * as ort from 'onnxruntime-web';
import type { Batch } from 'prefloss/data';

/** Logits `[B, T, V]` of a batch, as ONNX Runtime returns them: `{ data, dims }`. */
export type Model = (batch: Pick<Batch, 'tokens' | 'attentionMask'>) => Promise<ort.TypedTensor<'float32'>>;

/** Loads an ONNX file in which a batch of tokens gives `logits`. */
export async function loadModel(file: Uint8Array): Promise<Model> {
  ort.env.wasm.numThreads = 1; // small models are not faster on several
  const session = await ort.InferenceSession.create(file);
  return async ({ tokens, attentionMask }) => {
    const { logits } = await session.run({ input_ids: integers(tokens), attention_mask: integers(attentionMask) });
    return logits as ort.TypedTensor<'float32'>;
  };
}

const integers = (rows: readonly (readonly number[])[]): ort.Tensor =>
  new ort.Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]!.length]);
