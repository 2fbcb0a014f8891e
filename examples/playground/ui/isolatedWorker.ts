/**
 * Starts a module worker that is bound by the policy of the page, so that code of the user in it cannot reach another origin. A worker
 * inherits the policy if it is started from a blob: URL, and not if it is started from a file.
 *
 * The blob imports the file dynamically, because `worker-src` applies to static imports of a worker, and a policy that allows files
 * there would let the user's code start a worker without a policy. Messages that arrive before the file is loaded are kept for it.
 *
 * @param url - From `import url from './worker.ts?worker&url'`.
 */
export function isolatedWorker(url: string): Worker {
  const source = `
    const early = [];
    const keep = ({ data }) => early.push(data);
    addEventListener('message', keep);
    import(${JSON.stringify(new URL(url, location.href).href)}).then(
      () => {
        removeEventListener('message', keep);
        for (const data of early) dispatchEvent(new MessageEvent('message', { data }));
      },
      (error) => setTimeout(() => { throw error; }),
    );`;
  return new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), { type: 'module' });
}
