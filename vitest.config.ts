import { playwright } from '@vitest/browser-playwright';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { chromium } from 'playwright';
import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { softwareGpu } from './tools/software-gpu.js';
import { hasTfjsNode } from './tools/tfjs-node.js';

type Engine = 'arrays' | 'tensors' | 'cpu' | 'wasm' | 'tfjs-node' | 'webgpu' | 'webgl';

const soft = await softwareGpu();
const hasBrowser = soft !== undefined || existsSync(chromium.executablePath());
if (!hasBrowser)
  console.log(
    'Skipped: the projects webgpu, browser-webgpu, browser-webgl and browser-jax, which need a Chromium (npx playwright install chromium).',
  );
if (!hasTfjsNode())
  console.log('Skipped: the projects tfjs-node and tfjs-node-definitions, which need the native addon (npm run setup:tfjs-node).');

// Every test is written once and runs on every engine, except tests that need Node.js (`test/node`) or no engine (`test/data`,
// `test/rows`), which run once.
const engines = { include: ['test/**/*.test.ts'], exclude: [...configDefaults.exclude, 'test/{node,data,rows,fuzz,jax}/**'] };
// On jax-js, without the tests of the adapter of TensorFlow.js and its models.
const onJax = { include: engines.include, exclude: [...configDefaults.exclude, 'test/{node,data,rows,fuzz,tfjs,models}/**'] };
const src = (name: string) => new URL(`src/${name}.ts`, import.meta.url).pathname;
const alias = [
  { find: /^prefloss$/, replacement: src('index') },
  { find: /^prefloss\/testing$/, replacement: src('testing/index') },
  { find: /^prefloss\/core$/, replacement: src('core') },
  { find: /^prefloss\/data$/, replacement: src('data/index') },
  { find: /^prefloss\/jax$/, replacement: src('jax/index') },
];

// Every project sets `extends: true`, without which it does not inherit testTimeout.
const node = (engine: Engine): TestProjectInlineConfiguration => ({
  extends: true,
  test: { name: engine, ...engines, setupFiles: [`test/setup/${engine}.ts`], provide: { engine } },
});

// The same tests with the fused kernels switched off, so that the definitions run, without the tests of the kernels themselves.
const definitions = (
  name: string,
  { test }: TestProjectInlineConfiguration,
  include = engines.include,
): TestProjectInlineConfiguration => ({
  extends: true,
  test: {
    ...test,
    name,
    include,
    exclude: [...engines.exclude, 'test/tfjs/{listKernels,kernels/webgpuLimits}.test.ts'],
    setupFiles: ['test/setup/definitions.ts', ...[test!.setupFiles!].flat()],
  },
});
// One engine runs the whole suite on definitions; for the others, the tests of functions that have kernels are enough.
const OF_KERNELS = [
  'test/logprobs/{tokenLogProbs,tokenStats,tokenDivergence,linearTokenLogProbs,linearTokenStats,linearTokenDivergence}.test.ts',
];

const tfjsNode: TestProjectInlineConfiguration = {
  extends: true,
  test: {
    name: 'tfjs-node',
    ...engines,
    setupFiles: ['test/setup/tfjs-node.ts'],
    provide: { engine: 'tfjs-node' },
    pool: 'forks', // each process loads its own TensorFlow
    env: { TF_CPP_MIN_LOG_LEVEL: '2' }, // hides messages about the processor
  },
};

const jax: TestProjectInlineConfiguration = {
  extends: true,
  test: { name: 'jax', ...onJax, setupFiles: ['test/setup/jax.ts'], provide: { engine: 'jax' } },
};

const browser = (
  engine: 'webgpu' | 'webgl' | 'jax-webgpu',
  name = `browser-${engine}`,
  { setup = 'browser', tests = engines } = {},
): TestProjectInlineConfiguration => ({
  extends: true,
  optimizeDeps: { exclude: ['gpt-tfjs'] }, // bundling it fails, and its test is skipped in browsers
  test: {
    name,
    ...tests,
    setupFiles: [`test/setup/${setup}.ts`],
    provide: { engine },
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          ...(soft && { executablePath: soft.chromium, env: { ...process.env, ...soft.env } }),
          args: [
            '--no-sandbox',
            '--enable-unsafe-webgpu',
            ...(soft ? ['--use-webgpu-adapter=swiftshader', '--use-angle=swiftshader'] : []),
          ],
        },
      }),
      instances: [{ browser: 'chromium' }],
    },
  },
});

const webgpu: TestProjectInlineConfiguration = {
  extends: true,
  test: {
    name: 'webgpu',
    ...engines,
    setupFiles: ['test/setup/webgpu.ts'],
    provide: { engine: 'webgpu' },
    pool: 'forks', // the Vulkan loader reads the C environment, which a thread would share with its parent
    ...(soft && { env: soft.env }),
  },
};

const onGpu = [
  webgpu,
  definitions('webgpu-definitions', webgpu, OF_KERNELS),
  browser('webgpu'),
  browser('webgl'),
  browser('jax-webgpu', 'browser-jax', { setup: 'browser-jax', tests: onJax }),
];

export default defineConfig({
  resolve: { alias },
  test: {
    // Long, because on software WebGL and a busy machine some tests take most of a minute.
    testTimeout: 180_000,
    provide: { isSoftwareGpu: soft !== undefined },
    // Test files of a worker share modules, so that each worker loads TensorFlow.js and starts a device only once.
    isolate: false,
    // By default, Vitest leaves one core free.
    maxWorkers: availableParallelism(),
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'reports/vitest.json' }]] : ['default'],
    coverage: { provider: 'v8', include: ['src/**/*.ts'], thresholds: { lines: 95 } },
    projects: [
      node('arrays'),
      node('tensors'),
      node('cpu'),
      node('wasm'),
      jax,
      definitions('cpu-definitions', node('cpu')),
      definitions('wasm-definitions', node('wasm'), OF_KERNELS),
      ...(hasTfjsNode() ? [tfjsNode, definitions('tfjs-node-definitions', tfjsNode, OF_KERNELS)] : []),
      ...(hasBrowser ? onGpu : []),
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/{node,data,rows,fuzz}/**/*.test.ts'],
          env: { TF_CPP_MIN_LOG_LEVEL: '2' },
          isolate: true, // one test must run without the gradients of TensorFlow.js, which other tests load
        },
      },
      // Every ts block of README.md, CONTRIBUTING.md, docs/, examples/ and the doc comments, written by tools/doc-examples.mjs.
      { extends: true, test: { name: 'docs', include: ['.doc-examples/*.test.ts'], setupFiles: ['test/setup/docs.ts'] } },
    ],
  },
});
