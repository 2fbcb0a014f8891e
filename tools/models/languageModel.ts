import type { LayersModel, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs';

/** A language model, built with any library. */
export interface LanguageModel {
  /** Returns the logits `[B, T, V]` of token ids `[B, T]`. */
  readonly logits: (tokens: Tensor2D) => Tensor3D;
  readonly variables: readonly Variable[];
}

/** Sizes of a model. */
export interface ModelSizes {
  readonly vocabulary: number;
  /** The most tokens in a sequence. */
  readonly maxLength: number;
}

/** A LayersModel that returns logits. */
export const ofLayers = (model: LayersModel): LanguageModel => ({
  variables: model.getWeights() as Variable[],
  logits: (tokens) => model.apply(tokens) as Tensor3D,
});
