import type { Nested } from '../../src/index.js';
import type { X } from './engine.js';

/** Tensors by field name, as plain numbers. */
export type Fields = Readonly<Record<string, Nested>>;

/** Values and gradients that an original implementation gave; see tools/goldens/README.md. */
export interface GoldenRecord {
  readonly source: string;
  readonly input: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** How far each original is from 50 digits, where it takes part. */
  readonly agreement?: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, unknown>> & {
    readonly losses: readonly number[];
    readonly grads: Readonly<Record<string, readonly Nested[]>>;
  };
}

/** One golden file. */
export interface GoldenFile {
  readonly inputs: Readonly<Record<string, Fields>>;
  readonly records: readonly GoldenRecord[];
}

const files = import.meta.glob<GoldenFile>('../goldens/**/*.json', { eager: true, import: 'default' });
const nameOf = (path: string): string => path.replace('../goldens/', '').replace('.json', '');

/** What there are golden files of. */
export const goldenNames = Object.keys(files).map(nameOf);

/** The golden file of a loss. */
export const fileOf = (name: string): GoldenFile => files[`../goldens/${name}.json`]!;

/** What to call for a record: the loss on tensors by field name. */
export type Call = (fields: Readonly<Record<string, X>>, options: Readonly<Record<string, X>>) => X;

/** The records of a golden file with the names of their tests. */
export const cases = (file: unknown): [string, GoldenRecord][] =>
  (file as GoldenFile).records.map((r) => [`${r.source} on ${r.input} with ${JSON.stringify(r.options)}`, r]);
