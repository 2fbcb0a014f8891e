import * as jax from '@jax-js/jax';
import { tensorsIn } from '../backend/tensorsIn.js';
import type { T } from './kinds.js';

/** The common class of arrays and of the tracers that replace them under `grad`, `jit` and `vmap`. jax-js does not export it. */
const Tracer = Object.getPrototypeOf(jax.Array) as abstract new () => T;

/** Whether a value is an array of jax-js, or a tracer. */
export const owns = (value: unknown): value is T => value instanceof Tracer;

/** The tensors that each open scope has made: a tensor once for each reference that the scope holds. */
const scopes: T[][] = [];

/** Hands a tensor to the innermost scope, if there is one. */
export function noted(x: T): T {
  scopes.at(-1)?.push(x);
  return x;
}

/** Runs `f` and frees the tensors made in it, except those that it returns, which go to `keep`. */
function scoped<R>(f: () => R, keep: (x: T) => void): R {
  const made: T[] = [];
  scopes.push(made);
  const kept: T[] = [];
  try {
    const result = f();
    kept.push(...tensorsIn(result, owns));
    return result;
  } finally {
    scopes.pop();
    for (const x of made) {
      const at = kept.indexOf(x);
      if (at < 0) x.dispose();
      else keep(kept.splice(at, 1)[0]!);
    }
  }
}

/** The `scope` of the engine. */
export const scope = <R>(f: () => R): R => scoped(f, noted);

/**
 * Makes a function that is written with `prefloss` one that `grad`, `valueAndGrad`, `jit` and `vmap` of jax-js take: it consumes its
 * arguments, as every function of jax-js does, and frees all tensors that it made except the result.
 *
 * In the function, functions of `prefloss` leave their arguments alive, and what they return lives until the function returns. Functions of
 * jax-js consume their arguments: pass `x.ref` to keep `x`, and `y.ref` for each `y` that `prefloss` returned.
 *
 * @param f - A function of jax-js arrays, or records and lists of them nested to any depth, that returns the same.
 * @returns A function of the same arguments, which it consumes.
 *
 * @example
 * ```js
 * import { init, jit, valueAndGrad, numpy as np } from '@jax-js/jax';
 * import { dpo, ops } from 'prefloss/core';
 * import { owning } from 'prefloss/jax';
 *
 * await init('wasm');
 * const step = jit(valueAndGrad(owning((logps) => ops.mean(dpo(logps)))));
 * const pair = (chosen, rejected) => ({ chosen: np.array([chosen]), rejected: np.array([rejected]) });
 * const [loss, grads] = step({ policy: pair(-10, -12), reference: pair(-11, -11) });
 * ```
 */
export function owning<A extends unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    const own = new Set<T>();
    const result = scoped(
      () => f(...args),
      (x) => own.add(x),
    );
    // The others are arguments, or what jax-js made of them: the result holds a reference of its own to each.
    const others = tensorsIn(result, owns).filter((x) => !own.has(x));
    others.forEach((x) => x.ref);
    for (const x of tensorsIn(args, owns)) x.dispose();
    return result;
  };
}
