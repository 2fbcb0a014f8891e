/** The buffers in the memory of jax-js on wasm. jax-js itself does not count them. */
let buffers: ReadonlyMap<unknown, unknown> | undefined;

/** Loads jax-js for the first time, and finds among the maps that it makes the one of its buffers. */
export async function loadWithBuffers(): Promise<typeof import('@jax-js/jax')> {
  const maps: ReadonlyMap<unknown, unknown>[] = [];
  const Original = Map;
  globalThis.Map = class<K, V> extends Original<K, V> {
    constructor(entries?: Iterable<readonly [K, V]> | null) {
      super(entries);
      maps.push(this);
    }
  } as MapConstructor;
  const jax = await import('@jax-js/jax').finally(() => {
    globalThis.Map = Original;
  });
  const sizes = () => maps.map(({ size }) => size);
  const before = sizes();
  const x = [1, 2, 3].map((value) => jax.numpy.array([value, value], { device: 'wasm' }));
  const during = sizes();
  for (const array of x) array.dispose();
  const after = sizes();
  buffers = maps.find((_, i) => during[i] === before[i]! + 3 && after[i] === before[i]);
  return jax;
}

/** The number of buffers, or undefined if they cannot be counted. */
export const liveBuffers = (): number | undefined => buffers?.size;
