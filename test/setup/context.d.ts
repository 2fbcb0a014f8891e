/// <reference types="vite/client" />
import 'vitest';

declare module '@vitest/runner' {
  interface TaskMeta {
    /** The errors of a golden record on the engine under test, for `npm run accuracy`. */
    accuracy?: { readonly name: string; readonly forward: number; readonly backward: number };
  }
}

declare module 'vitest' {
  export interface ProvidedContext {
    engine: 'arrays' | 'cpu' | 'wasm' | 'tfjs-node' | 'webgpu' | 'webgl';
  }
}
