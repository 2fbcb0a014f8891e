import { join } from 'node:path';
import { defineConfig, type Options } from 'tsup';
import { writeNodeEntry } from './tools/node-entry.mjs';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** Keeps `ops` a file that `core` and `index` import: as a part of them, all its operations would be in the bundle of any loss. */
const opsOnItsOwn: Plugin = {
  name: 'ops-on-its-own',
  setup(build) {
    const path = `./ops${build.initialOptions.outExtension?.['.js'] ?? '.js'}`;
    build.onResolve({ filter: /^\.\/backend\/ops\.js$/ }, ({ importer }) =>
      /[/\\]src[/\\]core\.ts$/.test(importer) ? { path, external: true } : undefined,
    );
  },
};

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    core: 'src/core.ts',
    data: 'src/data/index.ts',
    testing: 'src/testing/index.ts',
    jax: 'src/jax/index.ts',
    ops: 'src/backend/ops.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  esbuildPlugins: [opsOnItsOwn],
  // tsup 8.5 passes `baseUrl`, which TypeScript 6 reports as deprecated (TS5101).
  dts: {
    entry: {
      index: 'src/index.ts',
      core: 'src/core.ts',
      data: 'src/data/index.ts',
      testing: 'src/testing/index.ts',
      jax: 'src/jax/index.ts',
    },
    compilerOptions: { ignoreDeprecations: '6.0' },
  },
  sourcemap: true,
  clean: true,
  treeshake: true,
  // The entries of one format share modules, so that there is one arrays engine and one set of kernels.
  splitting: true,
  onSuccess: () => writeNodeEntry(join(import.meta.dirname, 'dist')),
});
