import { transform } from 'sucrase';
import type { LossKind } from 'prefloss/core';

/** Kinds of losses that can be written in the playground. */
const KINDS = ['pairs', 'referenceFreePairs'] as const satisfies readonly LossKind[];

/** A loss that the user wrote, ready to be called. */
export interface CompiledVariant {
  readonly loss: <T>(batch: object) => T;
  readonly kind: (typeof KINDS)[number];
  /** Returns the message of an error, with the line of the source that it comes from. */
  readonly messageOf: (error: unknown) => string;
}

/**
 * Compiles a variant: a module in TypeScript or JavaScript whose default export is the loss. An exported constant `kind`
 * says what the loss takes, if that is not pairs with a reference.
 *
 * It runs what the user wrote, so it must be called in an isolated worker. The source becomes a module of its own, which needs no eval.
 *
 * @param modules - The modules that it may import, by name.
 * @throws Error with the line of a mistake.
 */
export async function compileVariant(source: string, modules: Readonly<Record<string, object>>): Promise<CompiledVariant> {
  const url = URL.createObjectURL(new Blob([`export default (require, exports) => {${scriptOf(source)}\n}`], { type: 'text/javascript' }));
  const messageOf = (error: unknown): string => {
    const line = error instanceof Error ? error.stack?.split(`${url}:`)[1]?.match(/^\d+/)?.[0] : undefined;
    const message = error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : String(error);
    return line === undefined ? message : `Line ${line}: ${message}`;
  };
  const require = (name: string): object => {
    if (Object.hasOwn(modules, name)) return modules[name]!;
    throw new Error(`cannot import '${name}', expected ${Object.keys(modules).join(' or ')}`);
  };
  const exported: { default?: unknown; kind?: unknown } = {};
  try {
    const { default: run } = (await import(/* @vite-ignore */ url)) as { default: (require: unknown, exports: unknown) => void };
    run(require, exported);
  } catch (error) {
    throw new Error(messageOf(error), { cause: error });
  } finally {
    URL.revokeObjectURL(url);
  }
  const { default: loss, kind = 'pairs' } = exported;
  if (typeof loss !== 'function') throw new Error('The variant exports no loss: write `export default` before its function.');
  if (!isKind(kind)) throw new Error(`kind must be one of ${KINDS.join(', ')}, got ${JSON.stringify(kind)}`);
  return { loss: loss as CompiledVariant['loss'], kind, messageOf };
}

const isKind = (kind: unknown): kind is CompiledVariant['kind'] => KINDS.some((known) => known === kind);

/** Removes the types, and turns imports and exports into calls; lines stay where they are. */
function scriptOf(source: string): string {
  try {
    return transform(source, { transforms: ['typescript', 'imports'], production: true }).code;
  } catch (error) {
    const { message, loc } = error as Error & { loc?: { line: number } };
    const plain = message.replace(/^Error transforming[^:]*: /, '').replace(/ \(\d+:\d+\)$/, '');
    throw new Error(loc ? `Line ${loc.line}: ${plain}` : plain, { cause: error });
  }
}
