// Builds the native addon of @tensorflow/tfjs-node from packages of npm and PyPI.
//
// The npm package contains the C++ sources of the addon, but not the TensorFlow library. TensorFlow's wheel on PyPI contains the
// library and its C headers; they are unpacked from it, and nothing is installed. A build takes half a minute and 1 GB of disk. The
// result has 400 MB and is kept outside node_modules, which `npm ci` empties: in $TFJS_NODE_CACHE, or by default in
// `tfjs-node-build` in $XDG_CACHE_HOME or ~/.cache.
//
// Needs Linux on x64 with glibc, Python 3 with pip, and a C++17 compiler ($CXX, g++, c++ or clang++).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

// The smallest wheel that contains the library with its C interface.
const WHEEL = {
  requirement: 'tensorflow-cpu==2.13.1',
  sha256: '87be6e61314b2c0fa062f71e26e41d6a17e162ffe4da72c820fe8f1fc94d97fe',
  tags: ['--implementation', 'cp', '--python-version', '3.11', '--abi', 'cp311', '--platform', 'manylinux_2_17_x86_64'],
};
// Used if Node.js comes without its headers.
const NAPI_HEADERS = {
  requirement: 'node-api-headers@1.9.0',
  sha512: '2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==',
};
const SOURCES = ['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc'];
const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
const CXX_FLAGS = ['-shared', '-fPIC', '-O2', '-DNDEBUG', '-std=c++17', '-w', '-DNAPI_VERSION=8'];
const ADDON = 'lib/napi-v8/tfjs_binding.node';
const HOUR_MS = 3_600_000;

/** A missing requirement, or a step that failed. Only the message is printed, without a stack trace. */
export class SetupError extends Error {}

function fail(message) {
  throw new SetupError(message);
}

/** Runs a command. If it fails, throws an error with the last lines of its output. */
function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26, ...options });
  if (done.error) fail(`${command}: ${done.error.message}`);
  if (done.status === 0) return;
  const last = `${done.stdout}\n${done.stderr}`.trim().split('\n').slice(-15).join('\n');
  fail(`${command} failed with ${done.signal ?? `code ${done.status}`}\n${last}`);
}

const answers = (command, ...args) => spawnSync(command, [...args, '--version'], { stdio: 'ignore' }).status === 0;

async function digest(file, algorithm, encoding) {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest(encoding);
}

function checkPlatform() {
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64') fail(`the addon can only be built on linux-x64, not on ${platform}-${arch}`);
  if (!process.report.getReport().header.glibcVersionRuntime) fail('the addon needs glibc, which this Linux does not have');
}

/** Finds the commands that a build needs, before anything is downloaded. */
function findTools() {
  const python = ['python3', 'python'].find((name) => answers(name, '-m', 'pip'));
  if (!python) fail('building the addon needs Python 3 with pip (Debian: apt-get install python3-pip)');
  const compiler = [process.env.CXX, 'g++', 'c++', 'clang++'].find((name) => name && answers(name));
  if (!compiler) fail('building the addon needs a C++17 compiler (Debian: apt-get install g++)');
  return { python, compiler };
}

async function downloadWheel(python, into) {
  const requirements = join(into, 'requirements.txt');
  writeFileSync(requirements, `${WHEEL.requirement} --hash=sha256:${WHEEL.sha256}\n`);
  const pip = ['-m', 'pip', '--disable-pip-version-check', 'download', '--quiet', '--no-cache-dir', '--no-deps', '--only-binary=:all:'];
  run(python, [...pip, ...WHEEL.tags, '--require-hashes', '--requirement', requirements, '--dest', into]);
  const name = readdirSync(into).find((file) => file.endsWith('.whl')) ?? fail(`pip downloaded no wheel of ${WHEEL.requirement}`);
  return join(into, name);
}

/** Unpacks the libraries to `deps/lib` and the headers of the C interface to `include`, with Python because unzip may be missing. */
function unpackWheel(python, wheel, into) {
  const script = `
import os, shutil, sys, zipfile
wheel, into, libraries = sys.argv[1], sys.argv[2], sys.argv[3:]
headers = ('tensorflow/c/', 'tensorflow/core/platform/ctstring', 'tensorflow/tsl/c/', 'tensorflow/tsl/platform/ctstring')
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name in ['tensorflow/' + library for library in libraries]:
            target = os.path.join(into, 'deps', 'lib', os.path.basename(name))
        elif name.endswith('.h') and name.startswith(tuple('tensorflow/include/' + header for header in headers)):
            target = os.path.join(into, 'include', name[len('tensorflow/include/'):])
        else:
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with archive.open(name) as source, open(target, 'wb') as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
`;
  run(python, ['-c', script, wheel, into, ...LIBRARIES]);
}

async function findNapiHeaders(scratch) {
  const own = join(dirname(process.execPath), '..', 'include', 'node');
  if (existsSync(join(own, 'node_api.h'))) return own;
  run('npm', ['pack', '--silent', NAPI_HEADERS.requirement], { cwd: scratch });
  const archive = join(
    scratch,
    readdirSync(scratch).find((file) => file.endsWith('.tgz')),
  );
  const sha512 = await digest(archive, 'sha512', 'base64');
  if (sha512 !== NAPI_HEADERS.sha512) fail(`${NAPI_HEADERS.requirement} has sha512 ${sha512}, expected ${NAPI_HEADERS.sha512}`);
  run('tar', ['-xzf', archive, '-C', scratch]);
  return join(scratch, 'package', 'include');
}

/** Removes leftovers of killed builds. */
function removeStale(cache) {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name);
    if (name.startsWith('.tmp-') && Date.now() - statSync(path).mtimeMs > HOUR_MS) rmSync(path, { recursive: true, force: true });
  }
}

/** The cache folder of the build for this package. Its name is a hash of everything that the build depends on. */
function entryOf(folder) {
  const recipe = createHash('sha256').update(JSON.stringify([WHEEL, CXX_FLAGS, LIBRARIES]));
  for (const file of readdirSync(join(folder, 'binding')).sort()) recipe.update(readFileSync(join(folder, 'binding', file)));
  const { TFJS_NODE_CACHE, XDG_CACHE_HOME } = process.env;
  const cache = TFJS_NODE_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfjs-node-build');
  return join(resolve(cache), recipe.digest('hex').slice(0, 16));
}

/** Makes `name` in the folder a link to the target, and replaces whatever was there. */
function link(target, folder, name) {
  const path = join(folder, name);
  const fresh = join(folder, `.${name}-${process.pid}`);
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  // A failed installer may have left a folder, which a rename would not replace.
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) rmSync(path, { recursive: true });
  renameSync(fresh, path);
}

/** Links an addon from the cache into the package. Returns false if there is none. */
export function addonFromCache(folder) {
  const entry = entryOf(folder);
  if (!existsSync(join(entry, ADDON))) return false;
  for (const name of ['deps', 'lib']) link(join(entry, name), folder, name);
  return true;
}

/** Builds the addon and links it into the package. */
export async function buildAddon(folder) {
  checkPlatform();
  const { python, compiler } = findTools();
  const entry = entryOf(folder);
  const cache = dirname(entry);
  mkdirSync(cache, { recursive: true });
  removeStale(cache);
  console.log(`Building the addon of tfjs-node with the library of ${WHEEL.requirement}, in ${cache}`);
  const scratch = mkdtempSync(join(cache, '.tmp-')); // in the same folder as the entry, so that it can be renamed into place
  const work = join(scratch, 'build');
  try {
    const wheel = await downloadWheel(python, scratch);
    unpackWheel(python, wheel, work);
    const includes = [await findNapiHeaders(scratch), join(work, 'include')].map((path) => `-I${path}`);
    mkdirSync(dirname(join(work, ADDON)), { recursive: true });
    const libraries = [`-L${join(work, 'deps/lib')}`, ...LIBRARIES.map((name) => `-l:${name}`), '-Wl,-rpath,$ORIGIN/../../deps/lib'];
    run(compiler, [...CXX_FLAGS, ...includes, ...SOURCES, '-o', join(work, ADDON), ...libraries], { cwd: folder });
    rmSync(join(work, 'include'), { recursive: true });
    // Unneeded symbols are a quarter of the library.
    if (answers('strip')) run('strip', ['--strip-unneeded', ...LIBRARIES.map((name) => join(work, 'deps/lib', name))]);
    try {
      renameSync(work, entry);
    } catch (error) {
      if (!existsSync(join(entry, ADDON))) throw error; // otherwise another process was faster, and its build is used
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  addonFromCache(folder);
}
