import { Tensor } from '../../examples/own-engine/engine.js';
import { tensorsIn as tensorsInValue } from '../../src/backend/tensorsIn.js';
import type { Backend } from '../../src/backend/types.js';

const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;

/** The tensors in a result. */
export const tensorsIn = (result: unknown): Tensor[] => tensorsInValue(result, isTensor);

/** Methods that make no tensor, and those of them that read values. */
const OTHERS = ['owns', 'shape', 'dtype', 'peek', 'isReadable', 'read', 'scope'];
const READS = ['peek', 'read'];

/** Memory that is freed by hand: counts tensors, and refuses those that were disposed. */
export class Memory {
  readonly #live = new Set<Tensor>();
  readonly #disposed = new WeakSet<Tensor>();
  readonly #scopes: Tensor[][] = [];

  /** The number of tensors. */
  get size(): number {
    return this.#live.size;
  }

  readonly isDisposed = (x: Tensor): boolean => this.#disposed.has(x);
  readonly dispose = (x: Tensor): void => {
    this.#live.delete(x);
    this.#disposed.add(x);
  };

  /** Throws if one of the values is a tensor that was disposed. */
  check(values: readonly unknown[]): void {
    if (values.some((x) => x instanceof Tensor && this.isDisposed(x))) throw new Error('a tensor is disposed');
  }

  /** Counts a new tensor, which belongs to the scope that runs. */
  keep(x: Tensor): Tensor {
    this.#live.add(x);
    this.#scopes.at(-1)?.push(x);
    return x;
  }

  /** Takes tensors out of the scope that runs, so that it does not free them. */
  release(xs: readonly Tensor[]): void {
    const own = this.#scopes.at(-1);
    if (own) own.splice(0, own.length, ...own.filter((x) => !xs.includes(x)));
  }

  readonly scope = <R>(f: () => R): R => {
    const own: Tensor[] = [];
    this.#scopes.push(own);
    let kept: Tensor[] = [];
    try {
      const result = f();
      kept = tensorsIn(result);
      return result;
    } finally {
      this.#scopes.pop();
      for (const x of own)
        if (kept.includes(x)) this.#scopes.at(-1)?.push(x);
        else this.dispose(x);
    }
  };

  /** The operations of an engine, which check their inputs and count their results. */
  counting(engine: Backend<Tensor>): Backend<Tensor> {
    const operations = Object.entries(engine).map(([name, method]: [string, unknown]) => {
      if (typeof method !== 'function' || (OTHERS.includes(name) && !READS.includes(name))) return [name, method];
      const checked = (...args: readonly unknown[]): unknown => {
        this.check(args.flat());
        const result = (method as (...args: readonly unknown[]) => unknown)(...args);
        return READS.includes(name) ? result : this.keep(result as Tensor);
      };
      return [name, checked];
    });
    return {
      ...(Object.fromEntries(operations) as Backend<Tensor>),
      scope: this.scope,
      isDisposed: this.isDisposed,
      dispose: this.dispose,
    };
  }
}
