// What a compiler checks in projects that install the package.
import { equal, run } from './packed.mjs';

/** Lines that a compiler checks: what functions return, and that it is not `any`, to which and from which all is assignable. */
export const types = (
  entry,
) => `import { completionLogProbs, dpo, ops, pairMetrics, tokenLogProbs, type DpoOptions, type Pair } from '${entry}';
import { encodePairs, type EncodedPair, type PreferenceRow } from 'prefloss/data';
import { expectClose } from 'prefloss/testing';
const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
const options: DpoOptions<number[]> = { beta: 0.1 };
export const loss: number[] = dpo(logps, options);
// @ts-expect-error: an option that does not exist
dpo(logps, { bta: 0.1 });
// @ts-expect-error: the result is an array
export const wrong: number = dpo(logps);
export const mean: number = ops.mean([1, 2]);
// @ts-expect-error: the mean of a list is a number
export const wrongMean: string = ops.mean([1, 2]);
export const rowSums: number[] = ops.sum([[1, 2]], -1);
// @ts-expect-error: one axis fewer than a matrix
export const wrongSums: number = ops.sum([[1, 2]], -1);
const logits: number[][][] = [[[0, 0]]];
export const tokens: number[][] = tokenLogProbs(logits, [[1]]);
// @ts-expect-error: one value per token
export const wrongTokens: number[] = tokenLogProbs(logits, [[1]]);
export const completions: number[] = completionLogProbs(logits, { tokens: [[1]], mask: [[1]] });
// @ts-expect-error: one value per row
export const wrongCompletions: number[][] = completionLogProbs(logits, { tokens: [[1]], mask: [[1]] });
export const accuracy: number = pairMetrics(logps)['rewards/accuracies'];
// @ts-expect-error: metrics of lists are numbers
export const wrongAccuracy: string = pairMetrics(logps)['rewards/accuracies'];
class Own { readonly values = [0]; }
export const own: Own = ops.mean(new Own());
// @ts-expect-error: tensors of an engine that states nothing keep their type
export const wrongOwn: string = ops.mean(new Own());
interface Tree { readonly [key: string]: number[] | Tree }
export const tree = (pair: Pair<number[]>): Tree => pair;
const row: PreferenceRow = { prompt: '1 + 1 =', chosen: ' 2', rejected: ' 3' };
export const sides: readonly EncodedPair[] = encodePairs([row], { encode: (text) => [text.length] }).pairs;
// @ts-expect-error: a row has two sides
export const wrongRow: PreferenceRow = { prompt: '1 + 1 =', chosen: ' 2' };
export { expectClose };
`;
/** The same for tensors of TensorFlow.js. */
export const tensorTypes = `import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { dpo, ops, tokenLogProbs, type PairLogps, type Raised } from 'prefloss';
export const loss = (logps: PairLogps<Tensor1D>): Tensor1D => dpo(logps);
// @ts-expect-error: tensors in, tensors out
export const wrong = (logps: PairLogps<Tensor1D>): number[] => dpo(logps);
export const tokens = (logits: Tensor3D, labels: Tensor2D): Tensor2D => tokenLogProbs(logits, labels);
export const rows = (matrix: Tensor2D): Tensor1D => ops.sum(matrix, -1);
// @ts-expect-error: one axis fewer than a matrix
export const wrongRows = (matrix: Tensor2D): Tensor2D => ops.sum(matrix, -1);
export const sum = (row: Tensor1D): Scalar => ops.sum(row, 0);
// @ts-expect-error: no axis is left
export const wrongSum = (row: Tensor1D): Tensor1D => ops.sum(row, 0);
export const mean = (matrix: Tensor2D): Scalar => ops.mean(matrix);
// @ts-expect-error: a mean is a scalar
export const wrongMean = (matrix: Tensor2D): string => ops.mean(matrix);
export const anyRank = (x: Tensor): Tensor => ops.sum(x, 0);
export const raised = (row: Tensor1D): Raised<Tensor1D> => ops.reshape<Tensor2D>(row, [1, -1]);
// @ts-expect-error: one axis more than a row
export const wrongRaised = (row: Tensor1D): Raised<Tensor1D> => row;
`;

export const compilerOptions = (module, moduleResolution) => ({
  strict: true,
  noEmit: true,
  target: 'es2022',
  module,
  moduleResolution,
  types: [],
});
/** Ways to resolve imports, each with its `module` option and the extensions of files that it treats as ESM and as CommonJS. */
export const RESOLUTIONS = {
  node16: ['node16', ['mts', 'cts']],
  nodenext: ['nodenext', ['mts', 'cts']],
  bundler: ['esnext', ['ts']],
};
/** A tsconfig per resolution for files of these names. Declarations are checked too: without `skipLibCheck`, a missing type is an error. */
export const typeProjects = (...names) =>
  Object.fromEntries(
    Object.entries(RESOLUTIONS).map(([resolution, [module, extensions]]) => [
      `tsconfig.${resolution}.json`,
      JSON.stringify({
        compilerOptions: compilerOptions(module, resolution),
        files: names.flatMap((name) => extensions.map((extension) => `${name}.${extension}`)),
      }),
    ]),
  );
/** Type-checks a project. Errors of TensorFlow.js's own declarations are left out: it has some, and its WebGPU types conflict with TypeScript's. */
export function checkTypes(cwd, resolution, tsc) {
  try {
    run(cwd, process.execPath, tsc, '--pretty', 'false', '-p', `tsconfig.${resolution}.json`);
  } catch (error) {
    if (!error.stdout?.includes(': error TS')) throw error;
    const errors = error.stdout
      .split('\n')
      .filter((line) => /^\S/.test(line) && !/node_modules\/(@tensorflow|@webgpu|@?typescript)\//.test(line));
    equal(errors.join('\n'), '');
  }
}
