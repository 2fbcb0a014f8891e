/** The memory that holds the rows: a WebAssembly memory, or any object that exposes its current buffer. */
export interface Heap {
  /** The bytes. Growing the heap replaces the buffer. */
  readonly buffer: ArrayBufferLike;
}
