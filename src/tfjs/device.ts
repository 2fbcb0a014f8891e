import { backend, getBackend } from '@tensorflow/tfjs-core';
import { checkNodeUtil } from './nodeUtil.js';

/** What WebGPU says about a lost device, like its `GPUDeviceLostInfo`. */
interface Loss {
  readonly reason: string;
  readonly message: string;
}

/** The members of tfjs's WebGPU and WebGL backends that tell whether their device is lost. */
interface Gpu {
  readonly device?: { readonly lost?: Promise<Loss> };
  readonly gpgpu?: { readonly gl: { isContextLost(): boolean } };
}

/** The WebGPU devices that are watched, each with its loss once it is known. */
const watched = new WeakMap<object, { loss?: Loss }>();

/**
 * Throws if the GPU of the active tfjs backend went away: its WebGPU device or its WebGL context is lost, after a reset of the driver, a
 * change of the graphics card, or too long a computation. On other backends nothing happens.
 *
 * TensorFlow.js goes on without an error when a device is lost: operations compute nothing, and only reading a result fails. So a loop
 * that never reads should call this function in every step. It waits for nothing. WebGPU reports a loss between two tasks: a loop
 * that never awaits a task, such as a timer, does not learn of it. `valueAndGrads`, `AdamW` and everything that reads tensors call it, too.
 *
 * All tensors of the lost device are gone. To go on, start the backend again and load the last checkpoint into the same variables; see
 * `docs/device-loss.md`.
 *
 * @throws Error whose `name` is `DeviceLostError`; the message has the reason that WebGPU gives.
 *
 * @example
 * ```ts
 * import { checkDevice } from 'prefloss';
 * checkDevice(); // the device is there
 * ```
 */
export function checkDevice(): void {
  checkDeviceFor('checkDevice');
}

/** Like {@link checkDevice}; the message begins with the name of the function that calls it. */
export function checkDeviceFor(fn: string): void {
  checkNodeUtil();
  const { device, gpgpu } = backend() as Gpu;
  const loss = device?.lost && lossOf(device.lost);
  if (loss) throw lostError(fn, `${loss.reason}: ${loss.message}`);
  if (gpgpu?.gl.isContextLost()) throw lostError(fn, 'WebGL context lost');
}

/** Returns what `read` reads from the device, or throws an error that says that the device is lost. */
export async function readFromDevice<R>(fn: string, read: () => Promise<R>): Promise<R> {
  checkDeviceFor(fn);
  try {
    return await read();
  } catch (error) {
    // WebGPU ends a read of a lost device with this error, in Chromium before it reports the loss.
    if ((error as Error | undefined)?.name !== 'AbortError') throw error;
    throw lostError(fn, (error as Error).message || 'the read was aborted', error);
  }
}

/** The loss of a device, if it is known, given its promise, to which it listens once. */
function lossOf(lost: Promise<Loss>): Loss | undefined {
  const known = watched.get(lost);
  if (known) return known.loss;
  const state: { loss?: Loss } = {};
  watched.set(lost, state);
  void lost.then((loss) => {
    state.loss = loss;
  });
  return undefined;
}

function lostError(fn: string, reason: string, cause?: unknown): Error {
  const what = `${fn}: the device of the ${getBackend()} backend is lost (${reason})`;
  const error = new Error(`${what}, with all its tensors: start the backend again and load the last checkpoint`, { cause });
  error.name = 'DeviceLostError';
  return error;
}
