import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it, vi } from 'vitest';
import { AdamW, checkDevice, loadCheckpoint, ops, readMetrics, saveCheckpoint, valueAndGrads } from '../../src/index.js';
import { engine, isTfjs } from '../support/engine.js';

/** The members of tfjs's engine that hold its backends. */
interface Backends {
  readonly registry: Record<string, tf.KernelBackend | undefined>;
}
interface Gpu {
  readonly device?: { readonly lost: Promise<unknown>; destroy(): void };
  readonly gpgpu?: { readonly gl: WebGLRenderingContext };
}
const backends = tf.engine() as unknown as Backends;
const active = (): Gpu => tf.backend() as unknown as Gpu;

/** Runs `f` on a backend with a device of its own, and then goes back to the device that the tests of all files share. */
async function onOwnDevice(f: () => Promise<void>): Promise<void> {
  const [name, shared] = [tf.getBackend(), tf.backend()];
  // All backends that the webgl factory makes share one cache of compiled programs, even on different contexts.
  const programs = (shared as { binaryCache?: Record<string, unknown> }).binaryCache ?? {};
  const compiled = { ...programs };
  for (const key in compiled) Reflect.deleteProperty(programs, key);
  // The factory of the webgl backend takes a context that it made before.
  const Webgl = shared.constructor as new (canvas: HTMLCanvasElement) => tf.KernelBackend;
  backends.registry[name] = name === 'webgl' ? new Webgl(document.createElement('canvas')) : undefined;
  try {
    await tf.setBackend(name);
    expect(tf.backend()).not.toBe(shared);
    await f();
  } finally {
    backends.registry[name]?.dispose();
    backends.registry[name] = shared;
    Object.assign(programs, compiled);
    await tf.setBackend(name);
  }
}

/** Starts the active backend again, on a new device, as docs/device-loss.md says. */
async function restart(): Promise<void> {
  const name = tf.getBackend();
  const factory = tf.findBackendFactory(name);
  tf.removeBackend(name);
  tf.registerBackend(name, factory);
  await tf.setBackend(name);
}

/** Makes the device go away, and waits until it says so. */
async function lose(): Promise<void> {
  const { device, gpgpu } = active();
  if (engine === 'webgl') gpgpu!.gl.getExtension('WEBGL_lose_context')!.loseContext();
  else device!.destroy();
  await device?.lost;
}

const REASON = { webgpu: 'destroyed: device was destroyed\\.?', webgl: 'WebGL context lost' }[engine as string]!;
const LOST = `is lost \\(${REASON}\\), with all its tensors: start the backend again and load the last checkpoint$`;
/** The error by which a function names the loss. */
const lostIn = (fn: string): Error =>
  expect.objectContaining({
    name: 'DeviceLostError',
    message: expect.stringMatching(new RegExp(`^${fn}: the device of the ${engine} backend ${LOST}`, 'i')) as string,
  }) as Error;

/** A training run whose tensors are so large that tfjs computes with them on the GPU, and not on the CPU. */
class Run {
  readonly policy = [tf.variable(tf.linspace(-1, 1, 3000))];
  optimizer = new AdamW({ learningRate: 0.01 });

  step(): void {
    const { loss, grads } = valueAndGrads(() => ({ loss: ops.mean(ops.softplus(this.policy[0]!)) as tf.Scalar }), this.policy);
    this.optimizer.applyGradients(grads);
    tf.dispose([loss, grads]);
  }

  dispose(): void {
    tf.dispose(this.policy);
    this.optimizer.dispose();
  }
}

it.runIf(isTfjs)('checkDevice says nothing about a backend that works', async () => {
  checkDevice();
  await Promise.resolve();
  checkDevice();
});

describe.runIf(['webgpu', 'webgl'].includes(engine))('a lost GPU', () => {
  it('is named by the check, and by the next step, update, read and checkpoint', () =>
    onOwnDevice(async () => {
      const run = new Run();
      run.step();
      const { grads } = valueAndGrads(() => ({ loss: ops.mean(run.policy[0]!) as tf.Scalar }), run.policy);
      const metrics = { loss: ops.mean(run.policy[0]!) };
      checkDevice();
      await lose();
      expect(checkDevice).toThrow(lostIn('checkDevice'));
      expect(() => {
        run.step();
      }).toThrow(lostIn('valueAndGrads'));
      expect(() => {
        run.optimizer.applyGradients(grads);
      }).toThrow(lostIn('AdamW'));
      expect(run.optimizer.iterations).toBe(1);
      await expect(readMetrics(metrics)).rejects.toThrow(lostIn('read'));
      await expect(saveCheckpoint(run)).rejects.toThrow(lostIn('saveCheckpoint'));
      run.dispose();
    }));

  // WebGL reads without waiting.
  it.runIf(engine === 'webgpu')('is named by a read that was waiting, and leaves no tensor behind', () =>
    onOwnDevice(async () => {
      const run = new Run();
      run.step();
      const before = tf.memory().numTensors;
      const reading = [readMetrics({ loss: tf.tidy(() => ops.mean(run.policy[0]!)) }), saveCheckpoint(run)];
      const failed = Promise.all(
        reading.map(async (one) => {
          await expect(one).rejects.toMatchObject({ name: 'DeviceLostError' });
        }),
      );
      // saveCheckpoint waits for the optimizer before it reads.
      await vi.waitFor(() => {
        expect(tf.memory().numTensors).toBeGreaterThan(before + 4);
      });
      await lose();
      await failed;
      expect(tf.memory().numTensors).toBe(before + 1); // the loss
      run.dispose();
    }),
  );

  it('loses nothing but the steps since the last checkpoint', () =>
    onOwnDevice(async () => {
      const whole = new Run();
      for (let step = 0; step < 6; step++) whole.step();
      const expected = await whole.policy[0]!.data();

      const run = new Run();
      for (let step = 0; step < 3; step++) run.step();
      const checkpoint = await saveCheckpoint(run, { step: 3 });
      run.step();
      await lose();
      await restart();
      checkDevice();
      run.optimizer.dispose();
      run.optimizer = new AdamW({ learningRate: 0.01 });
      const { step: from } = await loadCheckpoint(checkpoint, run);
      for (let step = from as number; step < 6; step++) run.step();
      expect(await run.policy[0]!.data()).toEqual(expected);
      expect(run.optimizer.iterations).toBe(6);
      whole.dispose();
      run.dispose();
    }));
});
