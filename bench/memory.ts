import type { BackendName } from './options.js';

/**
 * Counts the storage of a tfjs backend by hooking its allocator. `tf.memory()` is not enough: it counts tensors, so clones
 * count twice and the scratch memory of kernels does not count at all.
 */
export interface StorageMeter {
  /** Runs `f` and returns the peak number of bytes in use, including those in use before. */
  peak(f: () => Promise<void>): Promise<number>;
}

/** Hooks a backend. Call it before any tensor exists. */
export function meterStorage(name: BackendName, backend: object): StorageMeter {
  switch (name) {
    case 'cpu':
      return meterCpu(backend as CpuBackend);
    case 'wasm':
      return meterWasm(backend as WasmBackend);
    case 'tfjs-node':
      return meterTensorflow(backend as TensorflowBackend);
    case 'webgpu':
      return meterWebgpu(backend as WebgpuBackend);
  }
}

/** A running total with a high-water mark. */
class Gauge implements StorageMeter {
  #now = 0;
  #highest = 0;

  add(bytes: number): void {
    this.#now += bytes;
    this.#highest = Math.max(this.#highest, this.#now);
  }

  async peak(f: () => Promise<void>): Promise<number> {
    this.#highest = this.#now;
    await f();
    return this.#highest;
  }
}

interface CpuBackend {
  readonly data: { set(id: object, entry: { readonly values?: unknown }): void; delete(id: object): boolean };
}

/**
 * cpu: bytes of the array buffers that the backend holds; a buffer shared by several tensors counts once. Not counted:
 * temporary arrays of stock kernels, and buffers that wait for the garbage collector.
 */
function meterCpu({ data }: CpuBackend): StorageMeter {
  const gauge = new Gauge();
  const buffers = new Map<object, ArrayBufferLike>();
  const uses = new Map<ArrayBufferLike, number>();
  const release = (id: object) => {
    const buffer = buffers.get(id);
    if (!buffer) return;
    buffers.delete(id);
    const left = uses.get(buffer)! - 1;
    uses.set(buffer, left);
    if (left > 0) return;
    uses.delete(buffer);
    gauge.add(-buffer.byteLength);
  };
  const [set, remove] = [data.set.bind(data), data.delete.bind(data)];
  data.set = (id, entry) => {
    release(id);
    if (ArrayBuffer.isView(entry.values)) {
      const { buffer } = entry.values;
      buffers.set(id, buffer);
      uses.set(buffer, (uses.get(buffer) ?? 0) + 1);
      if (uses.get(buffer) === 1) gauge.add(buffer.byteLength);
    }
    set(id, entry);
  };
  data.delete = (id) => {
    release(id);
    return remove(id);
  };
  return gauge;
}

interface WasmBackend {
  readonly wasm: { _malloc(bytes: number): number; _free(pointer: number): void };
}

/**
 * wasm: bytes of the heap that JavaScript has allocated and not freed, which include all tensors. Not counted: allocations
 * inside stock C++ kernels.
 */
function meterWasm({ wasm }: WasmBackend): StorageMeter {
  const gauge = new Gauge();
  const sizes = new Map<number, number>();
  // Both are stubs that replace themselves with the real function on their first call, which would undo a hook.
  wasm._free(wasm._malloc(8));
  const [malloc, free] = [wasm._malloc.bind(wasm), wasm._free.bind(wasm)];
  wasm._malloc = (bytes) => {
    const pointer = malloc(bytes);
    // Pointers above 2 GiB are returned as negative numbers and freed as positive ones.
    sizes.set(pointer >>> 0, bytes);
    gauge.add(bytes);
    return pointer;
  };
  wasm._free = (pointer) => {
    gauge.add(-(sizes.get(pointer >>> 0) ?? 0));
    sizes.delete(pointer >>> 0);
    free(pointer);
  };
  return gauge;
}

interface TensorflowBackend {
  binding: {
    executeOp(name: string, attributes: object[], inputs: number[], outputs: number): { readonly id: number; readonly shape: number[] }[];
    createTensor(shape: number[], dtype: number, values: unknown): number;
    deleteTensor(id: number): void;
  };
}

// The outputs of these operations share the memory of their first input.
const ALIASES = ['Reshape', 'ExpandDims', 'Squeeze', 'Identity', 'InplaceAdd', 'InplaceUpdate'];

/**
 * tfjs-node: bytes of the TensorFlow tensors that JavaScript holds, at 4 bytes per value; memory shared by several tensors
 * counts once. Not counted: allocations inside TensorFlow operations.
 */
function meterTensorflow(backend: TensorflowBackend): StorageMeter {
  const { binding } = backend;
  const gauge = new Gauge();
  const memories = new Map<number, { readonly bytes: number; uses: number }>();
  const take = (id: number, shape: readonly number[]) => {
    const bytes = shape.reduce((a, b) => a * b, 4);
    memories.set(id, { bytes, uses: 1 });
    gauge.add(bytes);
  };
  const hooked: Pick<TensorflowBackend['binding'], 'executeOp' | 'createTensor' | 'deleteTensor'> = {
    executeOp: (name, attributes, inputs, count) => {
      const outputs = binding.executeOp(name, attributes, inputs, count);
      const shared = ALIASES.includes(name) ? memories.get(inputs[0]!) : undefined;
      for (const { id, shape } of outputs) {
        if (shared) {
          shared.uses++;
          memories.set(id, shared);
        } else take(id, shape);
      }
      return outputs;
    },
    createTensor: (shape, dtype, values) => {
      const id = binding.createTensor(shape, dtype, values);
      take(id, shape);
      return id;
    },
    deleteTensor: (id) => {
      const memory = memories.get(id);
      if (memory && --memory.uses === 0) gauge.add(-memory.bytes);
      memories.delete(id);
      binding.deleteTensor(id);
    },
  };
  // The addon's own functions are read-only.
  const descriptors = Object.getOwnPropertyDescriptors(hooked);
  backend.binding = Object.create(binding, descriptors) as TensorflowBackend['binding'];
  return gauge;
}

interface GpuBuffer {
  readonly size: number;
  readonly usage: number;
}

interface WebgpuBackend {
  readonly bufferManager: {
    acquireBuffer(size: number, usage: number, ...more: boolean[]): GpuBuffer;
    releaseBuffer(buffer: GpuBuffer, ...more: boolean[]): void;
  };
}

/**
 * webgpu: bytes of the GPU buffers that a process would have allocated by the end of `f`, had it started with only the
 * buffers then in use. tfjs keeps a buffer in use until the command queue that refers to it is submitted, then reuses it for tensors of
 * exactly the same size and never returns it to the driver. So the total is, for each size and usage, the largest number in
 * use at once.
 */
function meterWebgpu({ bufferManager }: WebgpuBackend): StorageMeter {
  const kinds = new Map<string, { readonly size: number; now: number; highest: number }>();
  const [acquire, release] = [bufferManager.acquireBuffer.bind(bufferManager), bufferManager.releaseBuffer.bind(bufferManager)];
  const kindOf = (size: number, usage: number) => {
    const key = `${size}/${usage}`;
    const kind = kinds.get(key) ?? { size, now: 0, highest: 0 };
    kinds.set(key, kind);
    return kind;
  };
  bufferManager.acquireBuffer = (size, usage, ...more) => {
    const kind = kindOf(size, usage);
    kind.now++;
    kind.highest = Math.max(kind.highest, kind.now);
    return acquire(size, usage, ...more);
  };
  bufferManager.releaseBuffer = (buffer, ...more) => {
    kindOf(buffer.size, buffer.usage).now--;
    release(buffer, ...more);
  };
  return {
    async peak(f) {
      for (const kind of kinds.values()) kind.highest = kind.now;
      await f();
      return [...kinds.values()].reduce((bytes, { size, highest }) => bytes + size * highest, 0);
    },
  };
}
