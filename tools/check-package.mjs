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
/** Lines that a compiler checks: what functions return, and that it is not `any`, to which and from which all is assignable. */
const types = (entry) => `import { completionLogProbs, dpo, ops, pairMetrics, tokenLogProbs, type DpoOptions, type Pair } from '${entry}';
import { encodePairs, type EncodedPair, type PreferenceRow } from 'prefloss/data';
import { expectClose } from 'prefloss/testing';
const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
const options: DpoOptions<number[]> = { beta: 0.1 };
export const loss: number[] = dpo(logps, options);
// @ts-expect-error: an option that does not exist
dpo(logps, { bta: 0.1 });
// @ts-expect-error: the result is an array
export const wrong: number = dpo(logps);
export const mean: number = ops.mean([1, 2]);
// @ts-expect-error: the mean of a list is a number
export const wrongMean: string = ops.mean([1, 2]);
export const rowSums: number[] = ops.sum([[1, 2]], -1);
// @ts-expect-error: one axis fewer than a matrix
export const wrongSums: number = ops.sum([[1, 2]], -1);
const logits: number[][][] = [[[0, 0]]];
export const tokens: number[][] = tokenLogProbs(logits, [[1]]);
// @ts-expect-error: one value per token
export const wrongTokens: number[] = tokenLogProbs(logits, [[1]]);
export const completions: number[] = completionLogProbs(logits, { tokens: [[1]], mask: [[1]] });
// @ts-expect-error: one value per row
export const wrongCompletions: number[][] = completionLogProbs(logits, { tokens: [[1]], mask: [[1]] });
export const accuracy: number = pairMetrics(logps)['rewards/accuracies'];
// @ts-expect-error: metrics of lists are numbers
export const wrongAccuracy: string = pairMetrics(logps)['rewards/accuracies'];
class Own { readonly values = [0]; }
export const own: Own = ops.mean(new Own());
// @ts-expect-error: tensors of an engine that states nothing keep their type
export const wrongOwn: string = ops.mean(new Own());
interface Tree { readonly [key: string]: number[] | Tree }
export const tree = (pair: Pair<number[]>): Tree => pair;
const row: PreferenceRow = { prompt: '1 + 1 =', chosen: ' 2', rejected: ' 3' };
export const sides: readonly EncodedPair[] = encodePairs([row], { encode: (text) => [text.length] }).pairs;
// @ts-expect-error: a row has two sides
export const wrongRow: PreferenceRow = { prompt: '1 + 1 =', chosen: ' 2' };
export { expectClose };
`;
const tensorTypes = `import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { dpo, ops, tokenLogProbs, type PairLogps, type Raised } from 'prefloss';
export const loss = (logps: PairLogps<Tensor1D>): Tensor1D => dpo(logps);
// @ts-expect-error: tensors in, tensors out
export const wrong = (logps: PairLogps<Tensor1D>): number[] => dpo(logps);
export const tokens = (logits: Tensor3D, labels: Tensor2D): Tensor2D => tokenLogProbs(logits, labels);
export const rows = (matrix: Tensor2D): Tensor1D => ops.sum(matrix, -1);
// @ts-expect-error: one axis fewer than a matrix
export const wrongRows = (matrix: Tensor2D): Tensor2D => ops.sum(matrix, -1);
export const sum = (row: Tensor1D): Scalar => ops.sum(row, 0);
// @ts-expect-error: no axis is left
export const wrongSum = (row: Tensor1D): Tensor1D => ops.sum(row, 0);
export const mean = (matrix: Tensor2D): Scalar => ops.mean(matrix);
// @ts-expect-error: a mean is a scalar
export const wrongMean = (matrix: Tensor2D): string => ops.mean(matrix);
export const anyRank = (x: Tensor): Tensor => ops.sum(x, 0);
export const raised = (row: Tensor1D): Raised<Tensor1D> => ops.reshape<Tensor2D>(row, [1, -1]);
// @ts-expect-error: one axis more than a row
export const wrongRaised = (row: Tensor1D): Raised<Tensor1D> => row;
`;
const compilerOptions = (module, moduleResolution) => ({
  strict: true,
  noEmit: true,
  target: 'es2022',
  module,
  moduleResolution,
  types: [],
});
/** Ways to resolve imports, each with its `module` option and the extensions of files that it treats as ESM and as CommonJS. */
const RESOLUTIONS = {
  node16: ['node16', ['mts', 'cts']],
  nodenext: ['nodenext', ['mts', 'cts']],
  bundler: ['esnext', ['ts']],
};
/** A tsconfig per resolution for files of these names. Declarations are checked too: without `skipLibCheck`, a missing type is an error. */
const typeProjects = (...names) =>
  Object.fromEntries(
    Object.entries(RESOLUTIONS).map(([resolution, [module, extensions]]) => [
      `tsconfig.${resolution}.json`,
      JSON.stringify({
        compilerOptions: compilerOptions(module, resolution),
        files: names.flatMap((name) => extensions.map((extension) => `${name}.${extension}`)),
      }),
    ]),
  );
/** Type-checks a project. Errors of TensorFlow.js's own declarations are left out: it has some, and its WebGPU types conflict with TypeScript's. */
function checkTypes(cwd, resolution) {
  try {
    run(cwd, process.execPath, tsc, '--pretty', 'false', '-p', `tsconfig.${resolution}.json`);
  } catch (error) {
    if (error.status !== 2) throw error;
    const errors = error.stdout
      .split('\n')
      .filter((line) => /^\S/.test(line) && !/node_modules\/(@tensorflow|@webgpu|typescript)\//.test(line));
    equal(errors.join('\n'), '');
  }
}

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
    ...typeProjects('types'),
  });
  run(alone, 'npm', 'install', '--silent', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', tarball);
  const withTfjs = project('with-tfjs', {
    ...sources('prefloss'),
    'tensors.mts': tensorTypes,
    'tensors.cts': tensorTypes,
    'tensors.ts': tensorTypes,
    ...typeProjects('types', 'tensors'),
  });
  cpSync(join(alone, 'node_modules'), join(withTfjs, 'node_modules'), { recursive: true });
  symlinkSync(join(root, 'node_modules/@tensorflow'), join(withTfjs, 'node_modules/@tensorflow'));
  // As if every package that some example needs were installed.
  const withExamples = project('with-examples', {
    'package.json': '{ "private": true, "type": "module" }',
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        ...compilerOptions('nodenext', 'nodenext'),
        skipLibCheck: true,
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
    for (const resolution of Object.keys(RESOLUTIONS)) {
      await check(`${name} type-checks under ${resolution}`, () => checkTypes(cwd, resolution));
    }
  }
  await check('copies of the examples type-check', () => run(withExamples, process.execPath, tsc, '-p', '.'));
  for (const [name, script, ...args] of EXAMPLES) {
    await check(`a copy of ${name} runs`, () => run(withExamples, process.execPath, tsx, join('examples', script), ...args));
  }

  const bundle = async (cwd, entry = 'bundle.js') => {
    const output = await build({
      configFile: false,
      logLevel: 'error',
      root: cwd,
      build: {
        write: false,
        minify: false,
        lib: { entry, formats: ['es'], fileName: 'bundle' },
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
      code.includes('class extends ArrayTensor') && 'tape',
      code.includes('logSumExp') && 'other operations',
      // The magic number of WebAssembly in base64.
      code.includes('AGFzbQ') && 'row kernels',
    ]
      .filter(Boolean)
      .join();
  await check('a bundle of one loss keeps the registration of TensorFlow.js and drops the other losses', async () => {
    equal(contents(await bundle(withTfjs)), 'dpo,registration,tfjs,row kernels');
  });
  await check('a bundle of one loss from prefloss/core contains nothing of TensorFlow.js', async () => {
    equal(contents(await bundle(alone)), 'dpo');
  });
  await check('row kernels are in a bundle of tokenLogProbs, and the tape only in one of valueAndGrads', async () => {
    const contentsOf = async (name) => {
      writeFileSync(join(alone, `${name}.js`), `export { ${name} } from 'prefloss/core';\n`);
      return contents(await bundle(alone, `${name}.js`));
    };
    equal(await contentsOf('tokenLogProbs'), 'row kernels');
    equal(await contentsOf('valueAndGrads'), 'tape');
    equal(await contentsOf('ops'), 'other operations');
  });
}

try {
  await checks();
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
