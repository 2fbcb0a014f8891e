// Writes dist/node.js and dist/node.cjs: the entry `prefloss` as Node.js loads it, which says what to install if TensorFlow.js is missing.
//
// An ES module cannot catch that a package which it imports is missing: nothing runs before all imports are found. So these files look for
// TensorFlow.js first and load the library afterwards. package.json gives them to runtimes (condition `node`). Bundlers get dist/index.js
// (condition `module`), whose imports they can follow, and report a missing package themselves.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const MESSAGE =
  'prefloss needs TensorFlow.js, which is not installed: npm install @tensorflow/tfjs (or @tensorflow/tfjs-node). ' +
  'Without it, import from prefloss/core, prefloss/data or prefloss/testing.';

export async function writeNodeEntry(dist) {
  const index = await import(pathToFileURL(join(dist, 'index.js')).href);
  const names = Object.keys(index).join(', ');
  const raise = (error) => `  if (!/_NOT_FOUND$/.test(${error}.code)) throw ${error};
  throw Object.assign(new Error(${JSON.stringify(MESSAGE)}, { cause: ${error} }), { code: ${error}.code });`;
  writeFileSync(
    join(dist, 'node.js'),
    `await import('@tensorflow/tfjs-core').catch((error) => {\n${raise('error')}\n});\nexport const { ${names} } = await import('./index.js');\n`,
  );
  writeFileSync(
    join(dist, 'node.cjs'),
    `'use strict';\ntry {\n  require('@tensorflow/tfjs-core');\n} catch (error) {\n${raise('error')}\n}\nmodule.exports = require('./index.cjs');\n`,
  );
}
