// Size limits after gzip, each with its reason. A change that exceeds a limit must justify the new limit or become smaller.
// TensorFlow.js is a peer dependency, so no limit includes it.
export default [
  {
    name: 'one loss on arrays',
    path: 'dist/core.js',
    import: '{ dpo }',
    // A loss needs the operations that it is written in, the engines of lists and of { data, dims }, and the checks, but no other loss,
    // no row kernel and no gradients.
    limit: '6 kB',
    gzip: true,
  },
  {
    name: 'prefloss/core',
    path: 'dist/core.js',
    import: '*',
    // All losses: less than one web font, for a page that compares them. Row kernels in WebAssembly and JavaScript are 6 kB of it, of
    // which the Jensen-Shannon divergence takes 2 kB; the tape 2 kB.
    limit: '36 kB',
    gzip: true,
  },
  {
    name: 'prefloss/data',
    path: 'dist/data.js',
    import: '*',
    // Rows are read as data, whatever is in them, and long conversations in parts. The checks of arguments, which know the engines, take
    // 4 kB of it, of which sums in blocks, which keep their digits, are 40 bytes. References at scale take 1.4 kB: JSONL as a stream, the
    // hash of tokens, rows and their merge.
    limit: '19.6 kB',
    gzip: true,
  },
  {
    name: 'one loss on TensorFlow.js',
    path: 'dist/index.js',
    import: '{ dpo }',
    // The adapter registers itself, so all of it is bundled with its kernels (3.5 kB of WebAssembly). The divergences of
    // `tokenDivergence`, in rows, WGSL and the linear form, are 4 kB of it. If more is bundled, modules import too much. Naming disposed
    // arguments and a lost device takes 0.6 kB; what the tests of engines found, 0.2 kB.
    limit: '30.3 kB',
    gzip: true,
  },
  {
    name: 'prefloss',
    path: 'dist/index.js',
    import: '*',
    // `prefloss/core`, `prefloss/data`, the adapter with its kernels, and the training helpers. The checks of checkpoints take 4 kB of it.
    limit: '75.8 kB',
    gzip: true,
  },
  {
    name: 'prefloss/jax',
    path: 'dist/jax.js',
    import: '*',
    // The adapter, the registry and the engines in memory. Keeping NaN, and logarithms of its own, take 1 kB. jax-js is a peer dependency.
    limit: '7.3 kB',
    gzip: true,
  },
];
