import katex from 'katex';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { formulas } from '../../tools/docs/formulas.js';

/** Typesets the formulas when the page is built, so that it loads no typesetter. */
const typeset: Plugin = {
  name: 'formulas',
  resolveId: (id) => (id === 'virtual:formulas' ? `\0${id}` : undefined),
  load: (id) => (id === '\0virtual:formulas' ? `export default ${JSON.stringify(htmlOfFormulas())};` : undefined),
};

const htmlOfFormulas = (): Record<string, string> =>
  Object.fromEntries(Object.entries(formulas).map(([name, tex]) => [name, katex.renderToString(tex, { displayMode: true, fleqn: true })]));

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './', // the built page works in any folder of a server
  plugins: [typeset],
  resolve: { tsconfigPaths: true }, // `prefloss` is the sources
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the page's policy allows no data: URLs but the icon
    chunkSizeWarningLimit: 2000, // formulas and TensorFlow.js are loaded after the first paint
  },
  worker: { format: 'es' },
});
