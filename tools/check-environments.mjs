// Checks the package in the environments of its users: packs it, installs it with npm, pnpm and Yarn into empty projects in a temporary
// folder, and computes a loss in each: in Node.js, Bun and Deno, in test runners, through bundlers and in a browser; and type-checks it with the oldest
// and the newest TypeScript. Everything is installed from the registry. Run `npm run build` first.
//
//   node tools/check-environments.mjs [word...]   only the environments whose names contain one of the words
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tsImport } from 'tsx/esm/api';
import { check, equal, node, onArrays, onTensors, pack, project, run } from './packed.mjs';
import { checkTypes, RESOLUTIONS, tensorTypes, typeProjects, types } from './packedTypes.mjs';

const words = process.argv.slice(2);
const tfjs = '@tensorflow/tfjs@4.22.0';
const LOSSES = '0.5981389\n0.59814';

try {
  run('.', 'npm', 'view', 'typescript', 'version', '--fetch-retries=1', '--fetch-timeout=10000', '--prefer-online');
} catch {
  console.log('Skipped: the environments, which are installed from the registry of npm, and it cannot be reached.');
  process.exit();
}

const tarball = pack();
const npmInstall = ['install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
const bin = (folder, name) => join(folder, 'node_modules/.bin', name);

/** Checks an environment: a project with these files and packages, in which `use` computes. */
async function environment(name, { files = {}, packages = [tfjs], use }) {
  if (words.length > 0 && !words.some((word) => name.includes(word))) return;
  await check(name, async () => {
    const folder = project(name.replaceAll(/\W+/g, '-'), { 'package.json': '{ "private": true }', ...files });
    run(folder, 'npm', ...npmInstall, tarball, ...packages);
    await use(folder);
  });
}

const quiet = 'console.warn = () => undefined;\n';
const imports = `import * as tf from '@tensorflow/tfjs';\nimport { dpo } from 'prefloss';\n`;
const requires = `const tf = require('@tensorflow/tfjs');\nconst { dpo } = require('prefloss');\n`;
const computes = quiet + onArrays + onTensors;
/** A test that any runner takes; its value is checked with node:assert. */
const runnerTest = `test('ln 2 where policy and reference agree', () => {
  const logps = { chosen: tf.tensor1d([-10]), rejected: tf.tensor1d([-12]) };
  assert.equal(dpo({ policy: logps, reference: logps }).dataSync()[0].toFixed(4), '0.6931');
});
`;

await environment('ES modules', { use: (folder) => equal(node(folder, imports + computes, 'module'), LOSSES) });
await environment('CommonJS', { use: (folder) => equal(node(folder, requires + computes, 'commonjs'), LOSSES) });
await environment('ES modules and CommonJS in one program', {
  files: {
    'loss.cjs': `${requires}exports.loss = (logps) => dpo(logps);\n`,
    'main.mjs': `${quiet}import * as tf from '@tensorflow/tfjs';
import { valueAndGrads } from 'prefloss';
import { loss } from './loss.cjs';
const w = tf.variable(tf.tensor1d([-10]));
const reference = { chosen: [-11], rejected: [-11] };
const { grads } = valueAndGrads(() => ({ loss: tf.sum(loss({ policy: { chosen: w, rejected: tf.tensor1d([-12]) }, reference })) }), [w]);
console.log(Object.values(grads)[0].dataSync()[0].toFixed(5));\n`,
  },
  use: (folder) => equal(run(folder, process.execPath, 'main.mjs'), '-0.04502'),
});

await environment('jax-js, without TensorFlow.js', {
  files: {
    'main.mjs': `import { Float16Array } from '@petamoriken/float16';
import { init, jit, numpy as np, valueAndGrad } from '@jax-js/jax';
import { dpo, ops } from 'prefloss/core';
import { owning } from 'prefloss/jax';
Object.assign(globalThis, { Float16Array });
await init('wasm');
const pair = (chosen, rejected) => ({ chosen: np.array([chosen]), rejected: np.array([rejected]) });
const step = jit(valueAndGrad(owning((policy, reference) => ops.mean(dpo({ policy, reference })))));
const [loss, grads] = step(pair(-10, -12), pair(-11, -11));
console.log(loss.item().toFixed(5), grads.chosen.dataSync()[0].toFixed(5));\n`,
  },
  packages: ['@jax-js/jax@0.1.25', '@petamoriken/float16@3.9.3'],
  use: (folder) => equal(run(folder, process.execPath, 'main.mjs'), '0.59814 -0.04502'),
});

/** A training step in TypeScript, and plain lists before it. */
const trainingStep = `${quiet}import * as tf from '@tensorflow/tfjs';
import { dpo, ops, valueAndGrads } from 'prefloss';
import { dpo as onPlainLists } from 'prefloss/core';
await tf.setBackend('cpu');
const reference = { chosen: [-11], rejected: [-11] };
console.log(onPlainLists({ policy: { chosen: [-10], rejected: [-12] }, reference })[0]!.toFixed(7));
const w: tf.Variable = tf.variable(tf.tensor1d([-10]));
const lossOf = () => ops.mean(dpo({ policy: { chosen: w.mul(1).as1D(), rejected: tf.tensor1d([-12]) }, reference }));
const { loss, grads } = valueAndGrads(() => ({ loss: lossOf() }), [w]);
tf.train.sgd(1).applyGradients(grads);
console.log(loss.dataSync()[0]!.toFixed(5), w.dataSync()[0]!.toFixed(5));
`;
const STEP = '0.5981389\n0.59814 -9.95498';
await environment('Bun, by itself and bundled', {
  files: { 'package.json': '{ "private": true, "type": "module" }', 'train.ts': trainingStep },
  packages: [tfjs, 'bun@1'],
  use: (folder) => {
    run(folder, process.execPath, 'node_modules/bun/install.js');
    equal(run(folder, bin(folder, 'bun'), 'train.ts'), STEP);
    // Without the flag, the bundle lacks the engines of TensorFlow.js. docs/troubleshooting.md says so.
    run(folder, bin(folder, 'bun'), 'build', 'train.ts', '--target=bun', '--ignore-dce-annotations', '--outfile=bundle.js');
    equal(run(folder, bin(folder, 'bun'), 'bundle.js'), STEP);
  },
});
await environment('Deno', {
  files: { 'package.json': '{ "private": true, "type": "module" }', 'train.ts': trainingStep },
  packages: [tfjs, 'deno@2'],
  use: (folder) => equal(run(folder, bin(folder, 'deno'), 'run', '--allow-all', '--check', 'train.ts'), STEP),
});

const sources = (name, text) => Object.fromEntries(['mts', 'cts', 'ts'].map((extension) => [`${name}.${extension}`, text]));
for (const version of ['5.4', 'latest']) {
  await environment(`TypeScript ${version}, under ${Object.keys(RESOLUTIONS).join(', ')}`, {
    files: { ...sources('types', types('prefloss')), ...sources('tensors', tensorTypes), ...typeProjects('types', 'tensors') },
    packages: [tfjs, `typescript@${version}`],
    use: (folder) => {
      for (const resolution of Object.keys(RESOLUTIONS)) checkTypes(folder, resolution, join(folder, 'node_modules/typescript/bin/tsc'));
    },
  });
}

await environment('node:test', {
  files: { 'dpo.test.mjs': `import assert from 'node:assert/strict';\nimport { test } from 'node:test';\n${imports}${runnerTest}` },
  use: (folder) => equal(/^# pass \d+$/m.exec(run(folder, process.execPath, '--test', '--test-reporter=tap'))?.[0], '# pass 1'),
});
await environment('jest, with CommonJS and with ES modules', {
  files: {
    'cjs.test.cjs': `const assert = require('node:assert/strict');\n${requires}${runnerTest}`,
    'esm.test.mjs': `import assert from 'node:assert/strict';\n${imports}${runnerTest}`,
    'jest.config.json': JSON.stringify({ testMatch: ['**/*.test.?js'], transform: {} }),
  },
  packages: [tfjs, 'jest@30'],
  use: (folder) => {
    const jest = join(folder, 'node_modules/jest/bin/jest.js');
    run(folder, process.execPath, '--experimental-vm-modules', jest, '--silent', '--json', '--outputFile=result.json');
    equal(JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')).numPassedTests, 2);
  },
});

await environment('esbuild', {
  files: { 'main.js': imports + computes },
  packages: [tfjs, 'esbuild@0.28'],
  use: (folder) => {
    run(folder, bin(folder, 'esbuild'), 'main.js', '--bundle', '--platform=node', '--outfile=bundle.cjs', '--log-level=error');
    equal(run(folder, process.execPath, 'bundle.cjs'), LOSSES);
  },
});
await environment('webpack', {
  files: { 'src/index.js': imports + computes, 'webpack.config.js': `module.exports = { mode: 'production', target: 'node' };\n` },
  packages: [tfjs, 'webpack@5', 'webpack-cli@6'],
  use: (folder) => {
    run(folder, bin(folder, 'webpack'));
    equal(run(folder, process.execPath, 'dist/main.js'), LOSSES);
  },
});

const browserLines = `const lines = [];\nconsole.log = (line) => lines.push(line);\n${computes}\n`;
const page = (head) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${head}`;
await environment('Vite, with a worker, in Chromium', {
  files: {
    'index.html': page('<script type="module" src="/main.js"></script>'),
    'main.js': `const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
worker.onmessage = ({ data }) => (document.title = data);\n`,
    'worker.js': `${imports}await tf.setBackend('cpu');\n${browserLines}postMessage(lines.join('\\n'));\n`,
    'vite.config.mjs': `export default { worker: { format: 'es' } };\n`,
  },
  packages: [tfjs, 'vite@8'],
  use: async (folder) => {
    run(folder, bin(folder, 'vite'), 'build', '--logLevel', 'error');
    equal(await titleOf(join(folder, 'dist')), LOSSES.replace('\n', ' '));
  },
});
const bundled = '/node_modules/@tensorflow/tfjs/dist/tf.fesm.min.js'; // contains tfjs-core
await environment('an import map, in Chromium', {
  files: {
    'index.html': page(`<script type="importmap">${JSON.stringify({
      imports: {
        prefloss: '/node_modules/prefloss/dist/index.js',
        '@tensorflow/tfjs': bundled,
        '@tensorflow/tfjs-core': bundled,
      },
    })}</script>
<script type="module">${imports}await tf.setBackend('cpu');\n${browserLines}document.title = lines.join('\\n');</script>`),
  },
  use: async (folder) => equal(await titleOf(folder), LOSSES.replace('\n', ' ')),
});

/** Checks another package manager, given its package, its script, the file of its settings, and the arguments of its two commands. */
async function manager(name, { from, script, files, dependencies = {}, install, execute }) {
  const tfjs = { prefloss: `file:${tarball}`, '@tensorflow/tfjs': '4.22.0' };
  const app = { 'package.json': JSON.stringify({ private: true, type: 'module', dependencies: { ...tfjs, ...dependencies } }) };
  const inApp = Object.entries({ ...app, 'main.js': imports + computes, ...files }).map(([file, text]) => [`app/${file}`, text]);
  await environment(name, {
    files: Object.fromEntries(inApp),
    packages: [from],
    use: (folder) => {
      const command = (...args) => run(join(folder, 'app'), process.execPath, join(folder, 'node_modules', script), ...args);
      command('install', ...install);
      equal(command(...execute, 'node', 'main.js'), LOSSES);
    },
  });
}
await manager('pnpm', {
  from: 'pnpm@10',
  script: 'pnpm/bin/pnpm.cjs',
  files: {},
  install: ['--silent', '--prefer-offline', '--ignore-scripts'],
  execute: ['exec'],
});
// With Plug'n'Play a package can import only what it declares and what the project provides: prefloss needs the project to name tfjs-core,
// and TensorFlow.js needs the packages that it forgot to declare. docs/troubleshooting.md says so.
await manager("Yarn, with Plug'n'Play", {
  from: '@yarnpkg/cli-dist@4',
  script: '@yarnpkg/cli-dist/bin/yarn.js',
  files: {
    'yarn.lock': '', // a project of its own
    '.yarnrc.yml': `enableTelemetry: false
enableScripts: false
packageExtensions:
  '@tensorflow/tfjs@*':
    dependencies:
      long: '4'
      seedrandom: '3'
`,
  },
  dependencies: { '@tensorflow/tfjs-core': '4.22.0' },
  install: ['--no-immutable'],
  execute: [],
});

/** Serves a folder, opens its page in Chromium and returns its title once there is one. An error in the page fails. */
async function titleOf(folder) {
  const { openPage, serve, startBrowser } = await tsImport('./page.ts', import.meta.url);
  const { url, stop } = await serve(folder);
  const browser = await startBrowser();
  try {
    const tab = await openPage(browser);
    const failure = new Promise((_, reject) => {
      tab.on('pageerror', reject);
      tab.on('console', (message) => message.type() === 'error' && reject(new Error(message.text())));
    });
    await tab.goto(url);
    await Promise.race([failure, tab.waitForFunction(() => document.title !== '')]);
    return await tab.title();
  } finally {
    await browser.close();
    await stop();
  }
}
