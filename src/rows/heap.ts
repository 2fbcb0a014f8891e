/** Bytes that rows lie in: a WebAssembly memory, or any object that exposes its current buffer. */
export interface Heap {
  /** The bytes. Growing the heap replaces the buffer. */
  readonly buffer: ArrayBufferLike;
}
