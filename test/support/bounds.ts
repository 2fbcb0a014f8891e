/** The engines that the tests run on. */
export type EngineName = 'arrays' | 'tensors' | 'cpu' | 'wasm' | 'tfjs-node' | 'webgpu' | 'webgl' | 'jax' | 'jax-webgpu';

/** The largest errors that the tests allow, in units of the engine's precision. docs/accuracy.md defines the measures. */
export interface Bounds {
  readonly value: number;
  readonly gradient: number;
  /** For each component of the gradient of batches with log-probs close to 0, where components differ in size by up to 1e19. */
  readonly nearZero: number;
}

/** The bounds of each engine. */
export const BOUNDS: Readonly<Record<EngineName, Bounds>> = {
  arrays: { value: 16, gradient: 16, nearZero: 64 },
  tensors: { value: 16, gradient: 16, nearZero: 64 },
  cpu: { value: 16, gradient: 16, nearZero: 64 },
  wasm: { value: 16, gradient: 16, nearZero: 64 },
  'tfjs-node': { value: 16, gradient: 16, nearZero: 64 },
  webgpu: { value: 80, gradient: 80, nearZero: 128 },
  webgl: { value: 80, gradient: 80, nearZero: 128 },
  // jax-js's exp on wasm reduces its argument in float32, which costs up to 64 units at e^80.
  jax: { value: 64, gradient: 24, nearZero: 64 },
  'jax-webgpu': { value: 80, gradient: 80, nearZero: 128 },
};

/** Bits of an engine's numbers: one unit is 2 to the power of minus this. */
export const precisionOf = (engine: EngineName): number => (engine === 'arrays' || engine === 'tensors' ? 53 : 24);
