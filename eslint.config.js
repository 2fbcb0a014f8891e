import { defineConfig, globalIgnores } from 'eslint/config';
import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import tsdoc from 'eslint-plugin-tsdoc';
import tseslint from 'typescript-eslint';

// Imports point down only: the parts of src/ that each part may import from, besides itself. A part is a folder or a file; a nested
// part must satisfy its own row and its parent's. The entries and the catalogue have none, and may import anything. Circles, also of type imports inside one
// part, are left to oxlint (.oxlintrc.json).
const layers = {
  backend: [],
  rows: [],
  internal: ['backend'],
  definitions: ['backend', 'internal'],
  masking: ['backend', 'internal'],
  logprobs: ['backend', 'internal', 'masking', 'definitions'],
  losses: ['backend', 'internal', 'masking', 'logprobs'],
  metrics: ['backend', 'internal', 'masking', 'logprobs', 'losses'],
  data: ['backend', 'internal', 'masking', 'logprobs'],
  testing: ['backend', 'internal', 'masking', 'logprobs', 'losses', 'metrics', 'data'],
  tfjs: ['backend', 'internal', 'definitions', 'rows'],
  'tfjs/named.ts': [],
  'tfjs/synchronous.ts': [],
  'tfjs/tape.ts': ['tfjs/named.ts'],
  'tfjs/kernels': ['rows', 'tfjs/named.ts', 'tfjs/synchronous.ts', 'tfjs/tape.ts'],
};
layers['tfjs/ops'] = ['backend', 'internal', 'tfjs/kernels', ...layers['tfjs/kernels']];
layers['tfjs/fused'] = ['definitions', 'tfjs/ops', ...layers['tfjs/ops']];
layers['tfjs/training'] = ['backend', 'internal', 'tfjs/ops', 'tfjs/tape.ts'];
layers['tfjs/listKernels.ts'] = ['tfjs/fused', ...layers['tfjs/fused']];
layers['tfjs/adapter.ts'] = ['tfjs/training', ...layers['tfjs/listKernels.ts']];

/** What one part must not import, in the form of `import-x/no-restricted-paths`. */
const zoneOf = (part) => ({
  target: `./src/${part}`,
  from: './src',
  except: [part, ...layers[part]].map((allowed) => `./${allowed}`),
  message: `Imports point down: src/${part} may import ${layers[part].join(', ') || 'nothing'}.`,
});

const ENTRY = { regex: '^prefloss', message: 'Import the module that defines it: entries are for users.' };
const TENSORFLOW = { regex: '^@tensorflow/', message: 'Only src/tfjs loads TensorFlow.js: write it with backend/ops.js.' };

export default defineConfig([
  globalIgnores(['assembly', 'bench/.venv', 'dist', 'site', 'coverage', 'reports', '.doc-examples', '.stryker-tmp']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { tsdoc },
    rules: {
      'tsdoc/syntax': 'error',
      // A number in a message says what it is.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // With noUncheckedIndexedAccess, `!` is how an index says that it is inside: a loop over lengths proves it.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // `reshape<R>` and its like let the caller name a result whose rank TypeScript cannot infer.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  {
    // A test runs on every engine, so a tensor there is `any`, which takes any assertion for unnecessary.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // The weights of a layers model are variables, made by a function of tfjs.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    // The types of TensorFlow.js do not say what may be missing, and its objects come from its functions.
    files: ['src/tfjs/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts'] } })] },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones: Object.keys(layers).map(zoneOf) }],
    },
  },
  {
    files: ['src/*/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [ENTRY, TENSORFLOW] }] },
  },
  {
    files: ['src/tfjs/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [ENTRY] }] },
  },
  {
    // The types of results name tfjs's own types; nothing is loaded for it.
    files: ['src/backend/types.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [ENTRY, { ...TENSORFLOW, allowTypeImports: true }] }] },
  },
  {
    files: ['src/core.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^@tensorflow/|^\\./(tfjs|testing)/', message: 'prefloss/core knows no engine but plain arrays.' }] },
      ],
    },
  },
  {
    files: ['src/index.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^\\./testing/', message: 'prefloss/testing is an entry of its own.' }] },
      ],
    },
  },
]);
