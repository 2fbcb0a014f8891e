/**
 * Starts a module worker that is bound by the policy of the page, so that code of the user in it cannot reach another origin. A worker
 * inherits the policy if it is started from a blob: URL, and not if it is started from a file.
 *
 * @param url - From `import url from './worker.ts?worker&url'`.
 */
export function isolatedWorker(url: string): Worker {
  const start = URL.createObjectURL(new Blob([`import ${JSON.stringify(new URL(url, location.href).href)};`], { type: 'text/javascript' }));
  return new Worker(start, { type: 'module' });
}
