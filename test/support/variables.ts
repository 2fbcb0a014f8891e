import * as tf from '@tensorflow/tfjs';

/** A variable with the given values. */
export const variable = (values: tf.TensorLike) => tf.variable(tf.tensor(values));

/** One variable for each of the given values. */
export const variables = (values: readonly tf.TensorLike[]) => values.map(variable);
