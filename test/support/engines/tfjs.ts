import * as tf from '@tensorflow/tfjs-core';
import type { EngineUnderTest } from '../../../src/testing/conformance/engineUnderTest.js';
import { tfjs } from '../../../src/tfjs/adapter.js';

const dtypes = { float: 'float32', int: 'int32', bool: 'bool' } as const;

/** TensorFlow.js on its active backend. */
export const engineUnderTest: EngineUnderTest<tf.Tensor> = {
  backend: tfjs,
  tensor: (values, dtype) => tf.tensor(values as tf.TensorLike, undefined, dtypes[dtype]),
  read: (x) => x.data(),
  liveTensors: () => tf.memory().numTensors,
};
