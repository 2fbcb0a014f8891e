import { defineConfig, globalIgnores } from 'eslint/config';
import tsdoc from 'eslint-plugin-tsdoc';
import tseslint from 'typescript-eslint';

// Imports point down only: the folders of src/ that the files of each folder may import from, beside their own.
const layers = {
  backend: [],
  internal: ['backend'],
  masking: ['backend', 'internal'],
  logprobs: ['backend', 'internal', 'masking'],
  losses: ['backend', 'internal', 'masking', 'logprobs'],
  metrics: ['backend', 'internal', 'masking', 'logprobs', 'losses'],
  data: ['backend', 'internal', 'masking', 'logprobs'],
  tfjs: ['backend', 'internal'],
  testing: ['backend', 'internal', 'masking', 'logprobs', 'losses', 'metrics', 'data'],
};

/** What one folder must not import: higher layers, the entries, and TensorFlow.js outside of its adapter. */
function layerRule(folder) {
  const above = Object.keys(layers).filter((other) => other !== folder && !layers[folder].includes(other));
  const patterns = [
    {
      regex: `^(\\.\\./)+(${above.join('|')})/`,
      message: `Imports point down: src/${folder} may import ${layers[folder].join(', ') || 'nothing'}.`,
    },
    { regex: '^(\\.\\./)+(index|core)(\\.js)?$|^prefloss', message: 'Import the module that defines it: entries are for users.' },
  ];
  if (folder !== 'tfjs')
    patterns.push({ regex: '^@tensorflow/', message: 'Only src/tfjs knows TensorFlow.js: write it with backend/ops.js.' });
  return { files: [`src/${folder}/**/*.ts`], rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] } };
}

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
  ...Object.keys(layers).map(layerRule),
  {
    // The types of results name tfjs's own types; nothing is loaded for it.
    files: ['src/backend/types.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '^@tensorflow/', allowTypeImports: true, message: 'Types only: prefloss/core does not load TensorFlow.js.' },
            { regex: '^\\.\\./', message: 'Imports point down: src/backend may import nothing.' },
          ],
        },
      ],
    },
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
