import 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    engine: 'arrays' | 'cpu' | 'wasm' | 'webgpu' | 'webgl';
  }
}
