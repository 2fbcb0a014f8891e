// Mutation testing of the formulas. Stryker changes operators, literals and branches, but not calls, and the formulas of
// this library are calls: it would leave `sub(a, b)` unchanged. This script makes one mutant of a call after the other (mutants.mjs)
// and runs the tests on the arrays and the cpu engine, which must fail for every mutant; for the definitions, on the cpu engine without
// the fused kernels.
//
//   npm run mutation:ops                     all folders
//   npm run mutation:ops -- losses/dpo       files whose path contains this
//   npm run mutation:ops -- --list           list the mutants, run nothing
//
// Equivalent mutants, which compute the same as the original, are listed in equivalent.json by file and changed lines, each with its
// reason. The script works on copies in a temporary folder and leaves the sources untouched; it writes reports/mutation/ops.json.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutantsOf } from './mutants.mjs';

const FOLDERS = ['losses', 'definitions', 'logprobs', 'masking', 'metrics', 'data', 'internal'];
const WORKERS = 2;
const TIMEOUT_MS = 900_000;
const CONFIG = 'tools/mutation/vitest.config.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file) => readFileSync(join(root, file), 'utf8');
const filesIn = (dir, extension) =>
  existsSync(join(root, dir))
    ? readdirSync(join(root, dir), { recursive: true })
        .filter((f) => f.endsWith(extension))
        .sort()
        .map((f) => `${dir}/${f.replaceAll('\\', '/')}`)
    : [];

const args = process.argv.slice(2);
const filters = args.filter((a) => !a.startsWith('--'));
const sources = FOLDERS.flatMap((folder) => filesIn(`src/${folder}`, '.ts')).filter(
  (file) => filters.length === 0 || filters.some((f) => file.includes(f)),
);
const all = sources.flatMap((file) => mutantsOf(file, read(file)).map((mutant) => ({ file, ...mutant })));

const equivalent = JSON.parse(read('tools/mutation/equivalent.json'));
const same = (a) => (b) => a.file === b.file && a.before === b.before && a.after === b.after;
const stale = equivalent.filter((e) => (filters.length === 0 || sources.includes(e.file)) && !all.some(same(e)));
const mutants = all.filter((m) => !equivalent.some(same(m)));
const describe = (m) => `${m.file}:${m.line}\n  - ${m.before}\n  + ${m.after}`;

if (args.includes('--list')) {
  console.log(mutants.map(describe).join('\n'));
  console.log(`${mutants.length} mutants, ${all.length - mutants.length} equivalent mutants omitted`);
  // Output to a pipe is asynchronous: wait for it.
  await new Promise((resolve) => process.stdout.write('', resolve));
  process.exit();
}

/** Test files that cover every loss. They take long, so at first only their tests named after the mutated file run. */
const OF_ALL_LOSSES = ['goldens', 'contract', 'badInput', 'ranges'].map((name) => `test/losses/${name}.test.ts`);

/**
 * Test runs for a mutated file, the most likely to fail first: the test file of the same name, or otherwise all test files that mention
 * one of its exports; then its tests in the files that cover every loss.
 */
function ownRuns(file) {
  const named = file.replace(/^src\//, 'test/').replace(/\.ts$/, '.test.ts');
  const names = [...read(file).matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)].map((m) => m[1]);
  const mentions = new RegExp(`\\b(${names.join('|')})\\b`);
  const mentioning = filesIn('test', '.test.ts').filter(
    (test) => !/^test\/(node|tfjs)\//.test(test) && !OF_ALL_LOSSES.includes(test) && names.length > 0 && mentions.test(read(test)),
  );
  const own = existsSync(join(root, named)) ? [named] : mentioning;
  // The arrays engine starts fastest and detects most mutants.
  const projects = file.startsWith('src/definitions/') ? ['cpu-definitions'] : ['arrays', 'cpu'];
  const runs = own.length > 0 ? projects.map((project) => [...own, '--project', project]) : [];
  const name = basename(file, '.ts');
  if (existsSync(join(root, `test/goldens/${name}.json`))) runs.push([...OF_ALL_LOSSES, '--testNamePattern', `^${name} `]);
  return runs;
}

const temporary = mkdtempSync(join(tmpdir(), 'prefloss-mutation-'));
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(temporary, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

/** Copies the sources and the tests, and links the installed packages. */
function copyTree(name) {
  const dir = join(temporary, name);
  mkdirSync(dir);
  for (const path of ['src', 'test', 'tools', 'examples/data', 'package.json', 'tsconfig.json'])
    cpSync(join(root, path), join(dir, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  return dir;
}

/** Runs tests in a copy. Returns whether they pass, and their output; a run over the time limit does not pass. */
function runTests(dir, tests = []) {
  return new Promise((resolve) => {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const options = ['run', '--root', dir, '--config', join(dir, CONFIG), '--bail', '1', '--maxWorkers', '1', '--reporter', 'default'];
    const child = spawn(process.execPath, [vitest, ...options, ...tests], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    child.on('close', (code) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ passed: code === 0, output });
    });
  });
}

async function survives(dir, mutant) {
  const file = join(dir, mutant.file);
  writeFileSync(file, mutant.text);
  try {
    for (const own of ownRuns(mutant.file)) if (!(await runTests(dir, own)).passed) return false;
    return (await runTests(dir)).passed;
  } finally {
    cpSync(join(root, mutant.file), file);
  }
}

const copies = Array.from({ length: WORKERS }, (_, i) => copyTree(`worker-${i}`));
const unchanged = await runTests(copies[0]);
if (!unchanged.passed) {
  console.log(`${unchanged.output}\nThe tests fail without a mutant; fix that first.`);
  process.exit(1);
}

const survivors = [];
let next = 0;
await Promise.all(
  copies.map(async (dir) => {
    while (next < mutants.length) {
      const number = next++;
      const mutant = mutants[number];
      if (!(await survives(dir, mutant))) continue;
      survivors.push(mutant);
      console.log(`survived (${number + 1} of ${mutants.length}): ${describe(mutant)}`);
    }
  }),
);

mkdirSync(join(root, 'reports/mutation'), { recursive: true });
const report = { mutants: mutants.length, survivors: survivors.map(({ file, line, before, after }) => ({ file, line, before, after })) };
writeFileSync(join(root, 'reports/mutation/ops.json'), JSON.stringify(report, null, 2));
for (const e of stale) console.log(`equivalent.json: no longer a mutant: ${e.file}\n  - ${e.before}\n  + ${e.after}`);
const killed = mutants.length - survivors.length;
console.log(`${killed} of ${mutants.length} mutants killed (${((100 * killed) / Math.max(mutants.length, 1)).toFixed(1)} %)`);
process.exitCode = survivors.length + stale.length === 0 ? 0 : 1;
