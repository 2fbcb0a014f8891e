import type { Backend, Nested } from '../../src/index.js';
import { arrays } from '../../src/backend/arrays/arrays.js';

/** The tensor of an engine that is unknown to the library, to test that losses run on it. */
export class Boxed {
  constructor(readonly values: Nested) {}
}

const unbox = (x: Boxed | number): Nested => (x instanceof Boxed ? x.values : x);

const methods = arrays as unknown as Readonly<Record<string, ((...args: unknown[]) => Nested) | undefined>>;

/** An engine on boxed arrays, which wraps the arrays engine. */
export const boxed = new Proxy({ name: 'boxed', owns: (value: unknown) => value instanceof Boxed } as unknown as Backend<Boxed>, {
  get: (own, key: keyof Backend<Nested>) => {
    if (key in own) return Reflect.get(own, key) as unknown;
    if (key === ('onValues' as never)) return undefined;
    if (key === 'shape' || key === 'dtype' || key === 'peek' || key === 'isReadable') return (x: Boxed) => methods[key]!(unbox(x));
    if (key === 'scope') return <R>(f: () => R) => f();
    const method = methods[key];
    return method && ((...args: unknown[]) => new Boxed(method(...args.map((a) => (a instanceof Boxed ? a.values : a)))));
  },
});
