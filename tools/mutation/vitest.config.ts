import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

// The tests of the formulas on the two engines that start fast, those of the training helpers on cpu, and those of data, for mutation testing.
const exclude = [...configDefaults.exclude, 'test/{data,models,node,rows}/**', 'test/tfjs/{kernels,fused}/**', 'test/tfjs/*.test.ts'];
const engine = (name: 'arrays' | 'cpu'): TestProjectInlineConfiguration => ({
  extends: true,
  test: { name, include: ['test/**/*.test.ts'], exclude, setupFiles: [`test/setup/${name}.ts`], provide: { engine: name } },
});

export default defineConfig({
  cacheDir: '.stryker-tmp/vite',
  test: {
    testTimeout: 60_000,
    isolate: false, // TensorFlow.js is loaded once a mutant, not once a file
    testNamePattern: /^(?!10,000 chat rows)/, // it takes longer than all others of data together, and finds no more
    projects: [engine('arrays'), engine('cpu'), { extends: true, test: { name: 'data', include: ['test/data/*.test.ts'] } }],
  },
});
