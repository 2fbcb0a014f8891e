/// <reference types="vite/client" />
import 'vitest';

declare module '@vitest/runner' {
  interface TaskMeta {
    /** Errors of the engine under test on a golden record, for `npm run accuracy`. */
    accuracy?: { readonly name: string; readonly forward: number; readonly backward: number };
  }
}

declare module 'vitest' {
  export interface ProvidedContext {
    engine: 'arrays' | 'cpu' | 'wasm' | 'tfjs-node' | 'webgpu' | 'webgl';
  }
}
