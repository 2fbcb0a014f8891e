// Mutation testing of the formulas. Stryker changes operators, literals and branches, but not calls, and the formulas of
// this library are calls: `sub(a, b)` would stay as it is. This makes one such mutant after the other (mutants.mjs) and
// runs the tests against it, on the arrays and the cpu engine; each has to turn them red.
//
//   npm run mutation:ops                     all folders
//   npm run mutation:ops -- losses/dpo       files whose path contains this
//   npm run mutation:ops -- --list           show the mutants, run nothing
//
// Mutants that compute the same are listed in equivalent.json, by file and by the changed lines, each with its reason.
// All work is done on copies in a temporary folder: the working tree is never touched.
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
  console.log(`${mutants.length} mutants, ${all.length - mutants.length} equivalent ones left out`);
  // What goes into a pipe is written later than this line.
  await new Promise((resolve) => process.stdout.write('', resolve));
  process.exit();
}

/** Tests of every loss: long as a whole, so that of them only those with the name of the mutated file run at first. */
const OF_ALL_LOSSES = ['test/losses/goldens.test.ts', 'test/losses/contract.test.ts'];

/**
 * The runs that are about a file, the likeliest to fail first: the tests of the same name, else all that mention something
 * it exports; then those of every loss that bear its name.
 */
function ownRuns(file) {
  const named = file.replace(/^src\//, 'test/').replace(/\.ts$/, '.test.ts');
  const names = [...read(file).matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)].map((m) => m[1]);
  const mentions = new RegExp(`\\b(${names.join('|')})\\b`);
  const mentioning = filesIn('test', '.test.ts').filter(
    (test) => !/^test\/(node|tfjs)\//.test(test) && !OF_ALL_LOSSES.includes(test) && names.length > 0 && mentions.test(read(test)),
  );
  const own = existsSync(join(root, named)) ? [named] : mentioning;
  // The arrays engine starts fastest, and tells most mutants.
  const runs = own.length > 0 ? ['arrays', 'cpu'].map((engine) => [...own, '--project', engine]) : [];
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

/** A copy of the sources and the tests, with the installed packages of this one. */
function copyTree(name) {
  const dir = join(temporary, name);
  mkdirSync(dir);
  for (const path of ['src', 'test', 'tools', 'examples/data', 'package.json', 'tsconfig.json'])
    cpSync(join(root, path), join(dir, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  return dir;
}

/** Whether the tests pass in a copy, and what they print; a run over the time limit does not pass. */
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
  console.log(`${unchanged.output}\nThe tests fail without a mutant: mend that first.`);
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
for (const e of stale) console.log(`equivalent.json: no such mutant any more: ${e.file}\n  - ${e.before}\n  + ${e.after}`);
const killed = mutants.length - survivors.length;
console.log(`${killed} of ${mutants.length} mutants killed (${((100 * killed) / Math.max(mutants.length, 1)).toFixed(1)} %)`);
process.exitCode = survivors.length + stale.length === 0 ? 0 : 1;
