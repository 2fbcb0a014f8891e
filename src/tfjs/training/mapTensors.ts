import { Tensor } from '@tensorflow/tfjs-core';
import { describe } from '../../backend/registry.js';

/**
 * Applies `f` to every tensor in a tensor, record or list, nested to any depth. Numbers, strings and other primitives are kept. Any
 * other object could hide a tensor, so it is a TypeError, which names the function `fn`.
 */
export function mapTensors<R>(fn: string, container: R, f: (tensor: Tensor) => Tensor): R {
  if (container instanceof Tensor) return f(container) as R;
  if (Array.isArray(container)) return container.map((item: unknown) => mapTensors(fn, item, f)) as R;
  if (typeof container !== 'object' || container === null) return container;
  const prototype: unknown = Object.getPrototypeOf(container);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`${fn}: f returned ${describe(container)}, expected tensors, or records or lists of tensors`);
  }
  return Object.fromEntries(Object.entries(container).map(([key, item]) => [key, mapTensors<unknown>(fn, item, f)])) as R;
}
