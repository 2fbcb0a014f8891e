/// <reference types="vite/client" />
import 'vitest';
import type { Accuracy } from '../support/accuracy.js';
import type { ConformancePass } from '../../src/testing/index.js';
import type { EngineName } from '../support/bounds.js';

declare module '@vitest/runner' {
  interface TaskMeta {
    /** Errors on the engine under test, for `npm run accuracy`. */
    accuracy?: Accuracy[];
    /** The result of a check of the engine, for `npm run conformance -- --all`. */
    conformance?: ConformancePass;
  }
}

declare module 'vitest' {
  export interface ProvidedContext {
    engine: EngineName;
  }
}
