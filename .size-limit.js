// Ceilings in bytes after gzip, each with its reason. A change that goes over one says why, or gets smaller.
// TensorFlow.js is a peer: an application has it anyway, and no ceiling counts it.
export default [
  {
    name: 'one loss on arrays',
    path: 'dist/core.js',
    import: '{ dpo }',
    // A loss takes along the operations it is written in, the arrays engine and its checks, and no other loss.
    limit: '4 kB',
    gzip: true,
  },
  {
    name: 'prefloss/core',
    path: 'dist/core.js',
    import: '*',
    // Every loss: a page that compares them all stays under what one web font takes.
    limit: '25 kB',
    gzip: true,
  },
  {
    name: 'one loss on TensorFlow.js',
    path: 'dist/index.js',
    import: '{ dpo }',
    // The adapter with its kernels comes whole, because it registers itself, 3 kB of it WebAssembly: more than that is a leak
    // between modules.
    limit: '22 kB',
    gzip: true,
  },
  {
    name: 'prefloss',
    path: 'dist/index.js',
    import: '*',
    // `prefloss/core` and the adapter with its kernels.
    limit: '42 kB',
    gzip: true,
  },
];
