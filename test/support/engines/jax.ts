import { defaultDevice, grad, jit, numpy as np, type Array as JaxArray } from '@jax-js/jax';
import { registerBackend } from '../../../src/backend/registry.js';
import { jaxJs } from '../../../src/jax/adapter.js';
import { owning } from '../../../src/jax/owning.js';
import type { EngineUnderTest, TensorFunction } from '../../../src/testing/conformance/engineUnderTest.js';
import { liveBuffers } from './jaxBuffers.js';

registerBackend(jaxJs);

const dtypes = { float: np.float32, int: np.int32, bool: np.bool } as const;

/** References to pass on, so that the caller's arrays stay alive. */
const refs = (xs: readonly JaxArray[]): JaxArray[] => xs.map((x) => x.ref);

/** jax-js on its default device. */
export const engineUnderTest: EngineUnderTest<JaxArray> = {
  backend: jaxJs,
  tensor: (values, dtype) => np.array(values as number[], { dtype: dtypes[dtype] }),
  read: (x) => x.ref.data() as Promise<ArrayLike<number>>,
  grad: (f, inputs) => grad(owning(f), { argnums: inputs.map((_, i) => i) })(...refs(inputs)) as unknown as JaxArray[],
  // Each compiled function is a shader of its own: thousands of them take minutes in software, until the device is lost.
  ...(defaultDevice() !== 'webgpu' && {
    transforms: {
      jit: (f: TensorFunction<JaxArray>): TensorFunction<JaxArray> => {
        const compiled = jit(owning(f));
        return (...xs) => compiled(...refs(xs));
      },
    },
  }),
  ...(liveBuffers() !== undefined && { liveTensors: () => liveBuffers()! }),
};
