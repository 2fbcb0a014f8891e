import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

// For mutation testing: the tests of the formulas and training helpers on the two engines that start fast, and the tests of test/data.
const exclude = [
  ...configDefaults.exclude,
  'test/{data,fuzz,jax,models,node,rows}/**',
  'test/tfjs/{kernels,fused}/**',
  'test/tfjs/*.test.ts',
];
const engine = (name: 'arrays' | 'cpu'): TestProjectInlineConfiguration => ({
  extends: true,
  test: { name, include: ['test/**/*.test.ts'], exclude, setupFiles: [`test/setup/${name}.ts`], provide: { engine: name } },
});

// On both engines, fused kernels run in place of the definitions.
const definitions: TestProjectInlineConfiguration = {
  extends: true,
  test: {
    name: 'cpu-definitions',
    include: ['test/logprobs/*.test.ts'],
    setupFiles: ['test/setup/definitions.ts', 'test/setup/cpu.ts'],
    provide: { engine: 'cpu' },
  },
};

export default defineConfig({
  cacheDir: '.stryker-tmp/vite',
  test: {
    testTimeout: 60_000,
    isolate: false, // loads TensorFlow.js once per mutant instead of once per file
    testNamePattern: /^(?!10,000 chat rows)/, // takes longer than all other tests of test/data, and detects no more mutants
    projects: [engine('arrays'), engine('cpu'), definitions, { extends: true, test: { name: 'data', include: ['test/data/*.test.ts'] } }],
  },
});
