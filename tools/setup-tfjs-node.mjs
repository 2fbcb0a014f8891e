#!/usr/bin/env node
// Makes @tensorflow/tfjs-node work. Its npm package lacks the native addon, and its installer downloads the addon from a host that
// cannot be reached everywhere. If that fails, the addon is built: see build-tfjs-node.mjs.
//
//   node tools/setup-tfjs-node.mjs [--if-possible]
//
// --if-possible  if that is impossible, report why in one line and succeed; the tests of tfjs-node are then skipped
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { addonFromCache, buildAddon, SetupError } from './build-tfjs-node.mjs';

// The package's installer has no timeout.
const INSTALLER_MS = 60_000;

/** Loads the package in a new process and multiplies two matrices. Returns the reason if that fails, otherwise undefined. */
function problemOf(folder) {
  if (!existsSync(join(folder, 'lib/napi-v8/tfjs_binding.node'))) return 'the addon is missing';
  const code = `const util = require('node:util');
    util.isNullOrUndefined = (x) => x === null || x === undefined; // gone from Node.js 23 on
    const tf = require(${JSON.stringify(folder)});
    const y = tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2])).dataSync().join();
    if (tf.getBackend() !== 'tensorflow' || y !== '19,22,43,50') throw new Error(tf.getBackend() + ' gives ' + y);`;
  const done = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' } });
  return done.status === 0 ? undefined : `it fails with ${done.signal ?? `code ${done.status}`}: ${done.stderr.trim()}`;
}

function packageFolder() {
  try {
    return dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json'));
  } catch {
    throw new SetupError('@tensorflow/tfjs-node is not installed: run npm ci');
  }
}

async function setUp() {
  const folder = packageFolder();
  if (!problemOf(folder)) return;
  // Linking an earlier build is faster than any download.
  if (!addonFromCache(folder)) {
    const options = { cwd: folder, stdio: 'ignore', timeout: INSTALLER_MS, killSignal: 'SIGKILL' };
    const installer = spawnSync(process.execPath, ['scripts/install.js'], options);
    if (installer.status === 0 && !problemOf(folder)) return;
    await buildAddon(folder);
  }
  const problem = problemOf(folder);
  if (problem) throw new SetupError(`the addon was built, but ${problem}`);
}

const { values } = parseArgs({ options: { 'if-possible': { type: 'boolean', default: false } } });
try {
  await setUp();
} catch (error) {
  // Other errors, such as a full disk, must not stop the other tests either.
  if (values['if-possible']) console.log(`No tests on tfjs-node: ${error.message.split('\n')[0]}`);
  else if (error instanceof SetupError) {
    console.error(`setup:tfjs-node: ${error.message}`);
    process.exitCode = 1;
  } else throw error;
}
