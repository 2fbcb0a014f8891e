// Size limits after gzip, each with its reason. A change that exceeds a limit must justify the new limit or become smaller.
// TensorFlow.js is a peer dependency, so no limit includes it.
export default [
  {
    name: 'one loss on arrays',
    path: 'dist/core.js',
    import: '{ dpo }',
    // A loss needs the operations that it is written in, the arrays engine and the checks, but no other loss. Plain values next to
    // tensors and empty parts of a batch take 0.8 kB of it; options that hide in a prototype, values that cannot be described and a
    // list of engines that nobody overwrites take 0.2 kB. Both engines of values in memory, lists and { data, dims }, are part of it.
    // The aim is 6 kB; this misses it by 0.4 kB.
    limit: '6.4 kB',
    gzip: true,
  },
  {
    name: 'prefloss/core',
    path: 'dist/core.js',
    import: '*',
    // All losses: less than one web font, for a page that compares them; and 14 kB that turn rows of data into batches:
    // rows are read as data, whatever is in them, and long conversations in parts. The row kernels in WebAssembly and JavaScript are a
    // tenth of it before compression, the tape a twentieth. The aim is 32 kB; this misses it by 10.6 kB.
    limit: '42.6 kB',
    gzip: true,
  },
  {
    name: 'one loss on TensorFlow.js',
    path: 'dist/index.js',
    import: '{ dpo }',
    // The adapter registers itself, so all of it is bundled with its kernels (3 kB of WebAssembly). If more is bundled, modules
    // import too much. Naming disposed arguments and a lost device takes 0.6 kB.
    limit: '26.1 kB',
    gzip: true,
  },
  {
    name: 'prefloss',
    path: 'dist/index.js',
    import: '*',
    // `prefloss/core`, the adapter with its kernels, and the training helpers. The checks of checkpoints take 4 kB of it.
    limit: '65.5 kB',
    gzip: true,
  },
];
