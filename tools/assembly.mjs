// Compiles assembly/rows.ts (AssemblyScript) to WebAssembly and writes it in hexadecimal into src/rows/simd.wasm.ts, which
// gzip makes a quarter smaller than base64.
//
//   npm run build:assembly
import asc from 'assemblyscript/asc';
import { writeFileSync } from 'node:fs';

/** Returns the text of the module that contains the compiled kernels. */
export async function compiled() {
  const files = {};
  const root = new URL('..', import.meta.url).pathname;
  const options = '-Oz --converge --runtime stub --enable simd --importMemory --maximumMemory 65536 --noExportMemory'.split(' ');
  const { error, stderr } = await asc.main(['assembly/rows.ts', '--baseDir', root, '-o', 'rows.wasm', ...options], {
    writeFile: (name, contents) => {
      files[name] = contents;
    },
  });
  if (error) throw new Error(`${error}\n${stderr}`);
  const hex = Buffer.from(files['rows.wasm']).toString('hex');
  return `// Written by tools/assembly.mjs from assembly/rows.ts.
/** The row kernels, compiled to WebAssembly SIMD, in hexadecimal. */
export const simdHex =
  '${hex}';
`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const target = new URL('../src/rows/simd.wasm.ts', import.meta.url);
  const text = await compiled();
  writeFileSync(target, text);
  console.log(`${text.length} characters`);
}
