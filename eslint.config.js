import { defineConfig, globalIgnores } from 'eslint/config';
import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import tsdoc from 'eslint-plugin-tsdoc';
import tseslint from 'typescript-eslint';

// Imports point down only. For each part of src/, a folder or a file, this lists the other parts that it may import from. A nested part
// must satisfy its own row and its parent's. The entries and the catalogue have no row and may import anything. oxlint
// (.oxlintrc.json) checks for import cycles, including cycles of type imports inside a part.
const layers = {
  backend: [],
  rows: ['backend'],
  internal: ['backend'],
  definitions: ['backend', 'internal'],
  masking: ['backend', 'internal'],
  logprobs: ['backend', 'internal', 'masking', 'definitions', 'rows'],
  losses: ['backend', 'internal', 'masking', 'logprobs'],
  metrics: ['backend', 'internal', 'masking', 'logprobs', 'losses'],
  data: ['backend', 'internal', 'masking', 'logprobs'],
  testing: ['backend', 'internal', 'definitions', 'masking', 'logprobs', 'losses', 'metrics', 'data', 'catalogue.ts'],
  tfjs: ['backend', 'internal', 'definitions', 'rows'],
  'tfjs/nodeUtil.ts': [],
  'tfjs/device.ts': ['tfjs/nodeUtil.ts'],
  'tfjs/named.ts': [],
  'tfjs/synchronous.ts': [],
  'tfjs/tape.ts': ['tfjs/named.ts'],
  'tfjs/kernels': ['rows', 'tfjs/named.ts', 'tfjs/synchronous.ts', 'tfjs/tape.ts'],
};
layers['tfjs/ops'] = ['backend', 'internal', 'tfjs/kernels', 'tfjs/device.ts', 'tfjs/nodeUtil.ts', ...layers['tfjs/kernels']];
layers['tfjs/fused'] = ['definitions', 'tfjs/ops', ...layers['tfjs/ops']];
layers['tfjs/training'] = ['backend', 'internal', 'tfjs/ops', 'tfjs/device.ts', 'tfjs/tape.ts'];
layers['tfjs/listKernels.ts'] = ['tfjs/fused', ...layers['tfjs/fused']];
layers['tfjs/adapter.ts'] = ['tfjs/training', ...layers['tfjs/listKernels.ts']];

/** The import restrictions of one part, as a zone of `import-x/no-restricted-paths`. */
const zoneOf = (part) => ({
  target: `./src/${part}`,
  from: './src',
  except: [part, ...layers[part]].map((allowed) => `./${allowed}`),
  message: `Imports point down: src/${part} may import ${layers[part].join(', ') || 'nothing'}.`,
});

const ENTRY = { regex: '^prefloss', message: 'Import from the defining module: entries are for users.' };
const TENSORFLOW = { regex: '^@tensorflow/', message: 'Only src/tfjs imports TensorFlow.js: use the operations of backend/ops.js.' };

export default defineConfig([
  globalIgnores(['assembly', 'bench/.venv', '**/dist', 'site', 'coverage', 'reports', '.doc-examples', '.stryker-tmp']),
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { tsdoc },
    rules: {
      'tsdoc/syntax': 'error',
      // Numbers are readable in messages.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // With noUncheckedIndexedAccess, `!` states that an index is in bounds, as in a loop over the length.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Functions like `reshape<R>` let the caller name the type of a result whose rank TypeScript cannot infer.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  {
    // Tests run on every engine, so tensors are `any`, for which this rule reports every type assertion as unnecessary.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // The weights of a layers model are created by a function of tfjs.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    // The types of TensorFlow.js do not declare which members may be missing, and its functions create its objects.
    files: ['src/tfjs/**/*.ts', 'tools/models/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    // A copied example has the installed package beside it, and nothing of this repository.
    files: ['examples/**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [{ regex: '\\.\\./(src|test|tools|bench)/', message: "Examples import 'prefloss', and nothing outside of examples/." }],
        },
      ],
    },
  },
  {
    // The playground is not to be copied, but shows what the pages of the losses show.
    files: ['examples/playground/**/*.{ts,tsx}'],
    ignores: ['examples/playground/train/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ regex: '\\.\\./(src|test|bench)/', message: "The playground imports 'prefloss', and tools/docs." }] },
      ],
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
    files: ['src/tfjs/**/*.ts', 'tools/models/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [ENTRY] }] },
  },
  {
    files: ['src/{losses,logprobs,masking,metrics}/**/*.ts', 'src/catalogue.ts', 'src/backend/types.ts'],
    rules: { '@typescript-eslint/consistent-type-definitions': 'off' },
  },
  {
    // Engines may take trees of tensors as a type with an index signature, to which a type alias is assignable and an interface is not.
    files: ['src/{losses,logprobs}/**/*.ts', 'src/metrics/*Metrics.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ExportNamedDeclaration > TSInterfaceDeclaration:not([id.name=/Options$/])',
          message: 'Records of tensors are type aliases, so that they are trees to every engine.',
        },
        { selector: 'TSTypeAliasDeclaration[id.name=/Options$/] > TSTypeLiteral', message: 'Options are interfaces.' },
      ],
    },
  },
  {
    files: ['src/core.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [{ regex: '^@tensorflow/|^\\./(tfjs|testing|data)/', message: 'prefloss/core is losses without an engine of others.' }],
        },
      ],
    },
  },
  {
    files: ['src/index.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^\\./testing/', message: 'prefloss/testing is a separate entry.' }] },
      ],
    },
  },
]);
