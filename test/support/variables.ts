import * as tf from '@tensorflow/tfjs';

/** A variable that holds these values. */
export const variable = (values: tf.TensorLike) => tf.variable(tf.tensor(values));

/** A variable for each. */
export const variables = (values: readonly tf.TensorLike[]) => values.map(variable);
