// Checks the package as users get it: packs it, installs the tarball into empty projects in a temporary folder, and in them loads
// every entry, computes a loss, type-checks a few lines, bundles them, and runs copies of the examples. Run `npm run build` first.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { check, equal, node, onArrays, onTensors, pack, project, root, run } from './packed.mjs';
import { checkTypes, compilerOptions, RESOLUTIONS, tensorTypes, typeProjects, types } from './packedTypes.mjs';

const tsc = join(root, 'node_modules/typescript/bin/tsc');
const tinyTraining = new URL('soak/tinyTraining.mjs', import.meta.url).href;
const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = Object.keys(exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => path.replace(/^\./, 'prefloss'));

/** Examples, each with its script and arguments for a short run. */
const EXAMPLES = [
  ['mock-loop.ts', 'mock-loop.ts'],
  ['train-tiny-gpt', 'train-tiny-gpt/main.ts', '--sft-epochs', '1', '--steps', '2'],
  ['smollm2', 'smollm2/main.ts', '--help'], // loads all its modules, but not the model
];

/** Creates projects with the tarball installed: two empty ones, without and with TensorFlow.js and jax-js, and one with a copy of the examples. */
function install() {
  const tarball = pack();
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
  const withEngines = project('with-engines', {
    ...sources('prefloss'),
    'tensors.mts': tensorTypes,
    'tensors.cts': tensorTypes,
    'tensors.ts': tensorTypes,
    ...typeProjects('types', 'tensors'),
  });
  cpSync(join(alone, 'node_modules'), join(withEngines, 'node_modules'), { recursive: true });
  for (const scope of ['@tensorflow', '@jax-js']) symlinkSync(join(root, 'node_modules', scope), join(withEngines, 'node_modules', scope));
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
  // The playground is a part of the site, and imports its formulas.
  const filter = (path) => !/\b(out|weights|playground)$/.test(path);
  cpSync(join(root, 'examples'), join(withExamples, 'examples'), { recursive: true, filter });
  return { alone, withEngines, withExamples };
}

const esm = (entry) => `import { dpo } from '${entry}';`;
const cjs = (entry) => `const { dpo } = require('${entry}');`;
const tfEsm = `import * as tf from '@tensorflow/tfjs';`;
const tfCjs = `const tf = require('@tensorflow/tfjs');`;
const quiet = `console.warn = () => undefined;`;

async function checks() {
  const { alone, withEngines, withExamples } = install();

  await check('the package contains all files that its exports name, and no unexpected ones', () => {
    const dir = join(alone, 'node_modules/prefloss');
    const extra = readdirSync(dir).filter((f) => !/^(dist|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(f));
    equal(extra.join(), '');
    const targets = Object.values(exports).flatMap((e) => (typeof e === 'string' ? [e] : Object.values(e).flatMap(Object.values)));
    equal(targets.filter((file) => !existsSync(join(dir, file))).join(), '');
  });
  await check('source maps contain their sources, and name them by relative paths', () => {
    const dist = join(alone, 'node_modules/prefloss/dist');
    const maps = readdirSync(dist).filter((file) => file.endsWith('.map'));
    const read = (file) => JSON.parse(readFileSync(join(dist, file), 'utf8'));
    const wrong = maps.filter((file) => {
      const { sources, sourcesContent = [], sourceRoot = '' } = read(file);
      return sources.length !== sourcesContent.length || [sourceRoot, ...sources].some((path) => /^\/|^[A-Za-z]:|:\/\//.test(path));
    });
    equal(wrong.join(), '');
    if (maps.length === 0) throw new Error('no source maps');
  });
  for (const entry of entries) {
    const cwd = ['prefloss', 'prefloss/jax'].includes(entry) ? withEngines : alone;
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
  await check('prefloss says what to install where TensorFlow.js is missing, as ESM and as CommonJS', () => {
    const message = /prefloss needs TensorFlow\.js, which is not installed: npm install @tensorflow\/tfjs /;
    for (const [code, type] of [
      [esm('prefloss'), 'module'],
      [cjs('prefloss'), 'commonjs'],
    ]) {
      const { status, stderr } = spawnSync(process.execPath, [`--input-type=${type}`, '-e', code], { cwd: alone, encoding: 'utf8' });
      if (status === 0 || !message.test(stderr)) throw new Error(`as ${type}, got ${status}: ${stderr}`);
    }
  });
  await check('prefloss computes on arrays and on tensors, as ESM and as CommonJS', () => {
    equal(node(withEngines, quiet + tfEsm + esm('prefloss') + onArrays + onTensors, 'module'), '0.5981389\n0.59814');
    equal(node(withEngines, quiet + tfCjs + cjs('prefloss') + onArrays + onTensors, 'commonjs'), '0.5981389\n0.59814');
  });
  await check('the ESM and the CommonJS copy share their engines', () => {
    const require = `import { createRequire } from 'node:module'; createRequire(process.cwd() + '/x.js')('prefloss');`;
    equal(node(withEngines, quiet + tfEsm + esm('prefloss/core') + require + onTensors, 'module'), '0.59814');
  });
  await check('a training gives the same bits as ESM and as CommonJS', () => {
    const bits = `import(${JSON.stringify(tinyTraining)}).then(({ bitsOfTraining }) => console.log(bitsOfTraining(tf, prefloss, 30)));`;
    const onCpu = `tf.setBackend('cpu');`;
    const loaded = node(withEngines, `${quiet}${tfEsm}import * as prefloss from 'prefloss';${onCpu}${bits}`, 'module');
    equal(node(withEngines, `${quiet}${tfCjs}const prefloss = require('prefloss');${onCpu}${bits}`, 'commonjs'), loaded);
    if (!/^[0-9a-f]{64}$/.test(loaded)) throw new Error(`got ${loaded}, expected a hash`);
  });
  for (const [name, cwd] of Object.entries({ 'prefloss/core, without TensorFlow.js,': alone, prefloss: withEngines })) {
    for (const resolution of Object.keys(RESOLUTIONS)) {
      await check(`${name} type-checks under ${resolution}`, () => checkTypes(cwd, resolution, tsc));
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
      // The magic number of WebAssembly, in hexadecimal.
      code.includes('0061736d') && 'row kernels',
    ]
      .filter(Boolean)
      .join();
  await check('a bundle of one loss keeps the registration of TensorFlow.js and drops the other losses', async () => {
    equal(contents(await bundle(withEngines)), 'dpo,registration,tfjs,row kernels');
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

await checks();
