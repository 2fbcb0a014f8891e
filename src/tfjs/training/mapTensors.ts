import { Tensor, type TensorContainer } from '@tensorflow/tfjs-core';

/** The same tensor, record or list with every tensor in it replaced; anything else stays as it is. */
export function mapTensors<R extends TensorContainer>(container: R, f: (tensor: Tensor) => Tensor): R {
  if (container instanceof Tensor) return f(container) as R;
  if (Array.isArray(container)) return container.map((item: TensorContainer) => mapTensors(item, f)) as unknown as R;
  if (typeof container !== 'object' || container === null) return container;
  const entries = Object.entries(container) as [string, TensorContainer][];
  return Object.fromEntries(entries.map(([key, item]) => [key, mapTensors(item, f)])) as R;
}
