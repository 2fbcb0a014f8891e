/// <reference types="vite/client" />
import 'vitest';
import type { Accuracy } from '../support/accuracy.js';
import type { EngineName } from '../support/bounds.js';

declare module '@vitest/runner' {
  interface TaskMeta {
    /** Errors on the engine under test, for `npm run accuracy`. */
    accuracy?: Accuracy[];
  }
}

declare module 'vitest' {
  export interface ProvidedContext {
    engine: EngineName;
  }
}
