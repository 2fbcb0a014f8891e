import { Tensor } from '@tensorflow/tfjs-core';
import { describe } from '../../backend/describe.js';
import { mapLeaves } from './mapLeaves.js';

/**
 * Applies `f` to every tensor in a tensor, record or list, nested to any depth. Numbers, strings and other primitives are kept. Any
 * other object could hide a tensor, so it is a TypeError, which names the function `fn`; so is a disposed tensor. Everything is checked
 * before `f` is called.
 */
export function mapTensors<R>(fn: string, container: R, f: (tensor: Tensor) => Tensor): R {
  const name = `${fn}: the result of f`;
  mapLeaves(name, container, (leaf, path) => {
    if (leaf instanceof Tensor) {
      if (leaf.isDisposed) throw new TypeError(`${fn}: f returned a disposed tensor${path && ` as ${path}`}`);
    } else if (typeof leaf === 'object' && leaf !== null) {
      throw new TypeError(`${fn}: f returned ${describe(leaf)}, expected tensors, or records or lists of tensors`);
    }
  });
  return mapLeaves(name, container, (leaf) => (leaf instanceof Tensor ? f(leaf as Tensor) : leaf)) as R;
}
