import type { Heap } from './heap.js';
import { inJavaScript } from './inJavaScript.js';
import type { RowKernels } from './rowKernels.js';
import { inSimd } from './simd.js';

const instances = new WeakMap<Heap, RowKernels>();

/**
 * The row kernels on a heap, made once per heap: in WebAssembly SIMD, or in JavaScript where that cannot run (no SIMD, a
 * content security policy that forbids it, an old browser that compiles at most 4 kB synchronously).
 */
export function rowKernelsOn(heap: Heap): RowKernels {
  const known = instances.get(heap);
  if (known) return known;
  const made = inSimd(heap) ?? inJavaScript(heap);
  instances.set(heap, made);
  return made;
}
