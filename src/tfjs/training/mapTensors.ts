import { Tensor } from '@tensorflow/tfjs-core';

/** The same tensor, record or list with every tensor in it replaced; anything else stays as it is. */
export function mapTensors<R>(container: R, f: (tensor: Tensor) => Tensor): R {
  if (container instanceof Tensor) return f(container) as R;
  if (Array.isArray(container)) return container.map((item: unknown) => mapTensors(item, f)) as R;
  if (typeof container !== 'object' || container === null || Object.getPrototypeOf(container) !== Object.prototype) return container;
  return Object.fromEntries(Object.entries(container).map(([key, item]) => [key, mapTensors<unknown>(item, f)])) as R;
}
