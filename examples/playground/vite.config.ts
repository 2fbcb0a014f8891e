import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './', // the built page works in any folder of a server
  resolve: { tsconfigPaths: true }, // `prefloss` is the sources
  build: { target: 'es2022', assetsInlineLimit: 0 }, // the page's policy allows no data: URLs but the icon
  worker: { format: 'es' },
});
