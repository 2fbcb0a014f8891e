// Checks the package as users get it: packs it, installs the tarball into empty projects in a temporary folder, and in them loads
// every entry, computes a loss, type-checks a few lines, bundles them, and runs copies of the examples. Run `npm run build` first.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'prefloss-package-'));
const tsc = join(root, 'node_modules/typescript/bin/tsc');
const tinyTraining = new URL('soak/tinyTraining.mjs', import.meta.url).href;
const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = Object.keys(exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => path.replace(/^\./, 'prefloss'));

/** Creates a folder with these files. */
function project(name, files) {
  const dir = join(temporary, name);
  mkdirSync(dir);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
  return dir;
}

const run = (cwd, command, ...args) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const node = (cwd, code, type) => run(cwd, process.execPath, `--input-type=${type}`, '-e', code);

function equal(got, wanted) {
  if (got !== wanted) throw new Error(`got ${got}, expected ${wanted}`);
}

let failed = 0;
async function check(name, f) {
  try {
    await f();
    console.log(`ok      ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}\n${[error.message, error.stdout, error.stderr].filter(Boolean).join('\n')}`);
  }
}

const onArrays = `
const pair = { chosen: [-10], rejected: [-12] };
console.log(dpo({ policy: pair, reference: { chosen: [-11], rejected: [-11] } })[0].toFixed(7));`;
const onTensors = `
const tensors = { chosen: tf.tensor1d([-10]), rejected: tf.tensor1d([-12]) };
const reference = { chosen: tf.tensor1d([-11]), rejected: tf.tensor1d([-11]) };
console.log(dpo({ policy: tensors, reference }).dataSync()[0].toFixed(5));`;
const types = (entry) => `import { dpo, type DpoOptions } from '${entry}';
import { expectClose } from 'prefloss/testing';
const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
const options: DpoOptions<number[]> = { beta: 0.1 };
export const loss: number[] = dpo(logps, options);
// @ts-expect-error: an option that does not exist
dpo(logps, { bta: 0.1 });
// @ts-expect-error: the result is an array
export const wrong: number = dpo(logps);
export { expectClose };
`;
const tensorTypes = `import type { Tensor1D } from '@tensorflow/tfjs-core';
import { dpo, type PairLogps } from 'prefloss';
export const loss = (logps: PairLogps<Tensor1D>): Tensor1D => dpo(logps);
// @ts-expect-error: tensors in, tensors out
export const wrong = (logps: PairLogps<Tensor1D>): number[] => dpo(logps);
`;
const compilerOptions = (module, moduleResolution) => ({
  strict: true,
  skipLibCheck: true,
  noEmit: true,
  target: 'es2022',
  module,
  moduleResolution,
  types: [],
});
const typeOptions = (module, moduleResolution, files) =>
  JSON.stringify({ compilerOptions: compilerOptions(module, moduleResolution), files });

/** Examples, each with its script and arguments for a short run. */
const EXAMPLES = [
  ['mock-loop.ts', 'mock-loop.ts'],
  ['train-tiny-gpt', 'train-tiny-gpt/main.ts', '--sft-epochs', '1', '--steps', '2'],
  ['smollm2', 'smollm2/main.ts', '--help'], // loads all its modules, but not the model
];

/** Creates projects with the tarball installed: two empty ones, without and with TensorFlow.js, and one with a copy of the examples. */
function install() {
  run(root, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', temporary);
  const tarball = join(
    temporary,
    readdirSync(temporary).find((f) => f.endsWith('.tgz')),
  );
  const sources = (entry) => ({
    'package.json': '{ "private": true, "type": "module" }',
    'types.mts': types(entry),
    'types.cts': types(entry),
    'types.ts': types(entry),
    'bundle.js': `import { dpo } from '${entry}';${onArrays}\n`,
  });
  const alone = project('alone', {
    ...sources('prefloss/core'),
    'tsconfig.nodenext.json': typeOptions('nodenext', 'nodenext', ['types.mts', 'types.cts']),
    'tsconfig.bundler.json': typeOptions('esnext', 'bundler', ['types.ts']),
  });
  run(alone, 'npm', 'install', '--silent', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', tarball);
  const withTfjs = project('with-tfjs', {
    ...sources('prefloss'),
    'tensors.mts': tensorTypes,
    'tensors.cts': tensorTypes,
    'tensors.ts': tensorTypes,
    'tsconfig.nodenext.json': typeOptions('nodenext', 'nodenext', ['types.mts', 'types.cts', 'tensors.mts', 'tensors.cts']),
    'tsconfig.bundler.json': typeOptions('esnext', 'bundler', ['types.ts', 'tensors.ts']),
  });
  cpSync(join(alone, 'node_modules'), join(withTfjs, 'node_modules'), { recursive: true });
  symlinkSync(join(root, 'node_modules/@tensorflow'), join(withTfjs, 'node_modules/@tensorflow'));
  // As if every package that some example needs were installed.
  const withExamples = project('with-examples', {
    'package.json': '{ "private": true, "type": "module" }',
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        ...compilerOptions('nodenext', 'nodenext'),
        types: ['node'],
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
      },
      include: ['examples'],
    }),
  });
  cpSync(join(alone, 'node_modules'), join(withExamples, 'node_modules'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(withExamples, 'node_modules', name));
  const filter = (path) => !/\b(out|weights)$/.test(path);
  cpSync(join(root, 'examples'), join(withExamples, 'examples'), { recursive: true, filter });
  return { alone, withTfjs, withExamples };
}

const esm = (entry) => `import { dpo } from '${entry}';`;
const cjs = (entry) => `const { dpo } = require('${entry}');`;
const tfEsm = `import * as tf from '@tensorflow/tfjs';`;
const tfCjs = `const tf = require('@tensorflow/tfjs');`;
const quiet = `console.warn = () => undefined;`;

async function checks() {
  const { alone, withTfjs, withExamples } = install();

  await check('the package contains all files that its exports name, and no unexpected ones', () => {
    const dir = join(alone, 'node_modules/prefloss');
    const extra = readdirSync(dir).filter((f) => !/^(dist|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(f));
    equal(extra.join(), '');
    const targets = Object.values(exports).flatMap((e) => (typeof e === 'string' ? [e] : Object.values(e).flatMap(Object.values)));
    equal(targets.filter((file) => !existsSync(join(dir, file))).join(), '');
  });
  for (const entry of entries) {
    const cwd = entry === 'prefloss' ? withTfjs : alone;
    await check(`${entry} loads as ESM and as CommonJS, with the same exports`, () => {
      const names = 'Object.keys(entry).filter((k) => k !== "default").sort().join()';
      const loaded = node(cwd, `import * as entry from '${entry}'; console.log(${names});`, 'module');
      equal(loaded, node(cwd, `const entry = require('${entry}'); console.log(${names});`, 'commonjs'));
      if (loaded === '') throw new Error('no exports');
    });
  }
  await check('prefloss/core computes without TensorFlow.js, as ESM and as CommonJS', () => {
    equal(node(alone, esm('prefloss/core') + onArrays, 'module'), '0.5981389');
    equal(node(alone, cjs('prefloss/core') + onArrays, 'commonjs'), '0.5981389');
  });
  await check('prefloss computes on arrays and on tensors, as ESM and as CommonJS', () => {
    equal(node(withTfjs, quiet + tfEsm + esm('prefloss') + onArrays + onTensors, 'module'), '0.5981389\n0.59814');
    equal(node(withTfjs, quiet + tfCjs + cjs('prefloss') + onArrays + onTensors, 'commonjs'), '0.5981389\n0.59814');
  });
  await check('the ESM and the CommonJS copy share their engines', () => {
    const require = `import { createRequire } from 'node:module'; createRequire(process.cwd() + '/x.js')('prefloss');`;
    equal(node(withTfjs, quiet + tfEsm + esm('prefloss/core') + require + onTensors, 'module'), '0.59814');
  });
  await check('a training gives the same bits as ESM and as CommonJS', () => {
    const bits = `import(${JSON.stringify(tinyTraining)}).then(({ bitsOfTraining }) => console.log(bitsOfTraining(tf, prefloss, 30)));`;
    const onCpu = `tf.setBackend('cpu');`;
    const loaded = node(withTfjs, `${quiet}${tfEsm}import * as prefloss from 'prefloss';${onCpu}${bits}`, 'module');
    equal(node(withTfjs, `${quiet}${tfCjs}const prefloss = require('prefloss');${onCpu}${bits}`, 'commonjs'), loaded);
    if (!/^[0-9a-f]{64}$/.test(loaded)) throw new Error(`got ${loaded}, expected a hash`);
  });
  for (const [name, cwd] of Object.entries({ 'prefloss/core, without TensorFlow.js,': alone, prefloss: withTfjs })) {
    for (const resolution of ['nodenext', 'bundler']) {
      await check(`${name} type-checks under ${resolution}`, () => run(cwd, process.execPath, tsc, '-p', `tsconfig.${resolution}.json`));
    }
  }
  await check('copies of the examples type-check', () => run(withExamples, process.execPath, tsc, '-p', '.'));
  for (const [name, script, ...args] of EXAMPLES) {
    await check(`a copy of ${name} runs`, () => run(withExamples, process.execPath, tsx, join('examples', script), ...args));
  }

  const bundle = async (cwd) => {
    const output = await build({
      configFile: false,
      logLevel: 'error',
      root: cwd,
      build: {
        write: false,
        minify: false,
        lib: { entry: 'bundle.js', formats: ['es'], fileName: 'bundle' },
        rollupOptions: { external: [/^@tensorflow\//] },
      },
    });
    return output[0].output[0].code;
  };
  /** The parts of the library that a bundle contains. */
  const contents = (code) =>
    [
      code.includes('function dpo(') && 'dpo',
      code.includes('function kto(') && 'kto',
      // A bundler may inline the engine.
      /^registerBackend\((tfjs|\{)/m.test(code) && 'registration',
      code.includes('@tensorflow/') && 'tfjs',
    ]
      .filter(Boolean)
      .join();
  await check('a bundle of one loss keeps the registration of TensorFlow.js and drops the other losses', async () => {
    equal(contents(await bundle(withTfjs)), 'dpo,registration,tfjs');
  });
  await check('a bundle of one loss from prefloss/core contains nothing of TensorFlow.js', async () => {
    equal(contents(await bundle(alone)), 'dpo');
  });
}

try {
  await checks();
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
