import { Tensor } from '@tensorflow/tfjs-core';
import { describe } from '../../backend/registry.js';

/**
 * The same tensor, record or list with every tensor in it replaced; numbers, strings and their like stay as they are. Other
 * objects could hold tensors that are not seen, so they are a TypeError.
 */
export function mapTensors<R>(container: R, f: (tensor: Tensor) => Tensor): R {
  if (container instanceof Tensor) return f(container) as R;
  if (Array.isArray(container)) return container.map((item: unknown) => mapTensors(item, f)) as R;
  if (typeof container !== 'object' || container === null) return container;
  const prototype: unknown = Object.getPrototypeOf(container);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`a function under noGrad or valueAndGrads returned ${describe(container)}, expected tensors in records and lists`);
  }
  return Object.fromEntries(Object.entries(container).map(([key, item]) => [key, mapTensors<unknown>(item, f)])) as R;
}
