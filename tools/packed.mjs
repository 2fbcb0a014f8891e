// Projects in a temporary folder that use the package as its users get it: packed by npm.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));
/** The folder of all projects, which is removed when the process exits. */
const temporary = mkdtempSync(join(tmpdir(), 'prefloss-package-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));

/** Runs a command and returns what it prints. */
export const run = (cwd, command, ...args) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 }).trim();

/** Runs code in Node.js, as a module of this type. */
export const node = (cwd, code, type) => run(cwd, process.execPath, `--input-type=${type}`, '-e', code);

/** Packs the package and returns the path of the tarball. */
export function pack() {
  run(root, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', temporary);
  return join(temporary, readdirSync(temporary).find((file) => file.endsWith('.tgz'))); // prettier-ignore
}

/** Creates a project with these files. */
export function project(name, files) {
  const folder = join(temporary, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

/** Lines that compute DPO on plain lists, and on tensors of TensorFlow.js, and print 0.5981389 and 0.59814. */
export const onArrays = `
const pair = { chosen: [-10], rejected: [-12] };
console.log(dpo({ policy: pair, reference: { chosen: [-11], rejected: [-11] } })[0].toFixed(7));`;
export const onTensors = `
const tensors = { chosen: tf.tensor1d([-10]), rejected: tf.tensor1d([-12]) };
const reference = { chosen: tf.tensor1d([-11]), rejected: tf.tensor1d([-11]) };
console.log(dpo({ policy: tensors, reference }).dataSync()[0].toFixed(5));`;

export function equal(got, wanted) {
  if (got !== wanted) throw new Error(`got ${got}, expected ${wanted}`);
}

/** Runs a check and reports its result in a line. A check that fails fails the process. */
export async function check(name, f) {
  try {
    await f();
    console.log(`ok      ${name}`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`FAILED  ${name}\n${[error.message, error.stdout, error.stderr].filter(Boolean).join('\n')}`);
  }
}
