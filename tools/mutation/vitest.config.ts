import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

// The tests of the formulas on the two engines that start fast, for mutation testing.
const engine = (name: 'arrays' | 'cpu'): TestProjectInlineConfiguration => ({
  extends: true,
  test: { name, setupFiles: [`test/setup/${name}.ts`], provide: { engine: name } },
});

export default defineConfig({
  cacheDir: '.stryker-tmp/vite',
  test: {
    testTimeout: 60_000,
    isolate: false, // TensorFlow.js is loaded once a mutant, not once a file
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/{models,node,tfjs}/**'],
    projects: [engine('arrays'), engine('cpu')],
  },
});
