/// <reference types="vite/client" />
import 'vitest';
import type { Accuracy } from '../support/accuracy.js';
import type { EngineName } from '../support/bounds.js';

declare module '@vitest/runner' {
  interface TaskMeta {
    /** Errors on the engine under test, for `npm run accuracy`. */
    accuracy?: Accuracy[];
    /** The largest error of a check of the engine, null if nothing is rounded, for `npm run support`. */
    conformance?: number | null;
  }
}

declare module 'vitest' {
  export interface ProvidedContext {
    engine: EngineName;
    isSoftwareGpu: boolean;
  }
}
