import { arrays } from '../backend/arrays/arrays.js';
import { registerBackend } from '../backend/registry.js';
import { tensorsIn } from '../backend/tensorsIn.js';
import type { Backend, Nested } from '../backend/types.js';
import { LossProblem, OPAQUE } from './lossProblem.js';

/** What a call did, besides its result. */
export interface Trace<R> {
  /** The result of the call. */
  readonly result: R;
  /** Shape of the result if it is a tensor of the tracer, otherwise undefined. */
  readonly shape: readonly number[] | undefined;
  /** Operations that ran, without those that compute nothing. */
  readonly operations: number;
  /** Whether the result is a tensor that the call made and did not free. */
  readonly isOwn: boolean;
  /** Tensors that the call made and neither freed nor returned. */
  readonly leaked: number;
}

/** Methods that compute nothing. */
const FREE: readonly string[] = ['constant', 'reshape', 'stopGradient'];

/**
 * Runs `f` on an engine whose tensors are opaque, and counts its operations and the tensors that it leaves. Whoever accesses a
 * property of such a tensor, to read its values or to call a method of another engine's tensors, gets a {@link LossProblem} that says so.
 *
 * @param f - Called with a function that makes a tensor, which has a name for messages.
 * @param isReadable - Whether the engine lets values be read at once, as a CPU does and a GPU does not.
 */
export function traced<R>(f: (tensor: (values: Nested, name: string) => object) => R, isReadable: boolean): Trace<R> {
  const held = new WeakMap<object, Nested>();
  const scopes = [new Set<object>()];
  let operations = 0;

  const wrap = (values: Nested, name: string): object => {
    const tensor = opaque(name);
    held.set(tensor, values);
    return tensor;
  };
  const own = (values: Nested): object => {
    const tensor = wrap(values, 'a computed tensor');
    scopes.at(-1)!.add(tensor);
    return tensor;
  };
  const unwrap = (x: unknown): unknown => {
    if (Array.isArray(x)) return x.map(unwrap);
    return isHeld(x) ? held.get(x) : x;
  };
  const isHeld = (x: unknown): x is object => typeof x === 'object' && x !== null && held.has(x);
  const operation = (name: string, method: (...args: unknown[]) => Nested) => [
    name,
    (...args: unknown[]) => {
      if (!FREE.includes(name)) operations++;
      return own(method(...args.map(unwrap)));
    },
  ];

  // An opaque tensor has no values in memory.
  const methods = Object.entries(arrays).filter(
    (entry): entry is [string, () => Nested] => typeof entry[1] === 'function' && entry[0] !== 'onValues',
  );
  const engine = {
    ...Object.fromEntries(methods.map(([name, method]) => operation(name, method))),
    name: OPAQUE,
    isUntyped: true,
    owns: isHeld,
    shape: (x) => arrays.shape(held.get(x)!),
    dtype: () => 'float',
    peek: (x) => (isReadable ? arrays.peek(held.get(x)!) : undefined),
    isReadable: () => isReadable,
    read: (xs) => arrays.read(xs.map((x) => held.get(x)!)),
    dispose: (x) => {
      for (const made of scopes) made.delete(x);
    },
    scope: (run) => {
      scopes.push(new Set());
      let returned: readonly object[] = [];
      try {
        const result = run();
        returned = tensorsIn(result, isHeld);
        return result;
      } finally {
        const made = scopes.pop()!;
        for (const tensor of returned) if (made.has(tensor)) scopes.at(-1)!.add(tensor);
      }
    },
  } as Backend<object>;

  const unregister = registerBackend(engine);
  try {
    const result = f(wrap);
    const left = scopes[0]!;
    const isOwn = left.delete(result as object);
    return { result, shape: isHeld(result) ? engine.shape(result) : undefined, isOwn, operations, leaked: left.size };
  } finally {
    unregister();
  }
}

/** Properties that TensorFlow.js and promises ask any object for. */
const ASKED: Readonly<Record<string, unknown>> = { constructor: { name: OPAQUE }, data: undefined, then: undefined };

const opaque = (name: string): object =>
  new Proxy(Object.create(null) as object, {
    get: (_, key) => {
      if (typeof key === 'string' && key in ASKED) return ASKED[key];
      if (typeof key === 'symbol' && key !== Symbol.toPrimitive && key !== Symbol.iterator) return undefined;
      const does = typeof key === 'symbol' || /^\d+$/.test(key) ? 'reads values' : `uses .${key}`;
      throw new LossProblem(`it ${does} of ${name}, expected only operations of ops: values are not known on a GPU`);
    },
  });
