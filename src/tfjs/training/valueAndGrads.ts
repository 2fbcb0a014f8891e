import { clone, getGradient, keep, tidy, Variable, variableGrads, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { describe } from '../../backend/registry.js';
import { discardTape } from '../tape.js';
import { mapTensors } from './mapTensors.js';

/** What the function under {@link valueAndGrads} returns: the loss, and anything to look at beside it. */
export interface LossAndAux {
  /** The scalar to differentiate. */
  readonly loss: Scalar;
}

/** Gradients by variable name. They are plain tensors: the type is the one that tfjs's optimizers ask for. */
export type Gradients = Record<string, Variable>;

/**
 * The value of a loss, its gradients with respect to the variables, and whatever else `f` returns: the tfjs training step
 * with auxiliary outputs, as `jax.value_and_grad(has_aux=True)` has them.
 *
 * Nothing beyond the given variables is differentiated: `tf.variableGrads` and `optimizer.minimize` without a list also
 * train a reference model that runs inside `f`. Nothing is leaked, also when `f` throws.
 *
 * @param f - Gives the scalar `loss` and auxiliary tensors: metrics, log-probs, in records or lists.
 * @param variables - What to differentiate by; of a `tf.LayersModel`, `model.getWeights(true)`.
 * @returns `loss`, the auxiliary outputs, and `grads` by variable name, for `optimizer.applyGradients`. A variable that the
 *   loss does not depend on, or that is not trainable, has no entry.
 * @throws TypeError if no gradients are registered (`@tensorflow/tfjs-core` alone has none), `loss` is no scalar, or `f` is
 *   async.
 * @throws RangeError if no variable is given, or the loss depends on none of them.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { valueAndGrads } from 'prefloss';
 *
 * const weight = tf.variable(tf.scalar(3), true, 'weight');
 * const { loss, grads, twice } = valueAndGrads(() => ({ loss: tf.square(weight).asScalar(), twice: weight.mul(2) }), [weight]);
 * console.log(loss.dataSync()[0], grads.weight!.dataSync()[0], twice.dataSync()[0]); // 9 6 6
 * ```
 */
export function valueAndGrads<A extends LossAndAux>(f: () => A, variables: readonly Variable[]): A & { readonly grads: Gradients } {
  checkVariables(variables);
  checkGradientsRegistered();
  let retained: Record<string, unknown> = {};
  const lossOf = () => {
    const outputs: unknown = f();
    if (typeof outputs !== 'object' || outputs === null)
      throw new TypeError(`valueAndGrads: f returned ${describe(outputs)}, expected { loss, ... }`);
    const { loss, ...aux } = outputs as A;
    checkLoss(loss);
    if ('grads' in aux) throw new RangeError('valueAndGrads: f returned a field grads, which is the name of the gradients');
    retained = mapTensors(aux, retain);
    return loss;
  };
  try {
    return tidy(() => {
      const { value: loss, grads } = variableGrads(lossOf, [...variables]);
      const aux = retained;
      retained = {};
      // tfjs gives null for variables that are not trainable.
      const given = Object.fromEntries(Object.entries(grads).filter(([, grad]) => (grad as unknown) !== null));
      return { ...mapTensors(aux, release), loss, grads: given } as never;
    });
  } catch (error) {
    mapTensors(retained, (tensor) => (tensor.dispose(), tensor));
    discardTape();
    throw isUnconnected(error) ? new RangeError('valueAndGrads: loss depends on none of the variables', { cause: error }) : error;
  }
}

/** Throws where `@tensorflow/tfjs-core` is alone: it registers no gradients. */
function checkGradientsRegistered(): void {
  if (getGradient('Sum')) return;
  throw new TypeError(
    "valueAndGrads: no gradients are registered with TensorFlow.js, expected those of '@tensorflow/tfjs' or '@tensorflow/tfjs-layers': import one of them",
  );
}

/** A copy that outlives the scope it is made in, until {@link release}. */
const retain = (tensor: Tensor): Tensor => keep(clone(tensor));

/** Hands a retained tensor over to the scope that is open now. */
function release(tensor: Tensor): Tensor {
  const copy = clone(tensor);
  tensor.dispose();
  return copy;
}

function checkVariables(variables: readonly Variable[]): void {
  if (!Array.isArray(variables)) throw new TypeError(`valueAndGrads: variables is ${describe(variables)}, expected a list of tf.Variable`);
  variables.forEach((v: unknown, i) => {
    if (!(v instanceof Variable)) throw new TypeError(`valueAndGrads: variables[${i}] is ${describe(v)}, expected a tf.Variable`);
    if (v.isDisposed) throw new TypeError(`valueAndGrads: variables[${i}], ${v.name}, is disposed`);
  });
  if (!(variables as readonly Variable[]).some((v) => v.trainable)) {
    throw new RangeError(`valueAndGrads: variables holds ${variables.length} variables, none of them trainable`);
  }
}

function checkLoss(loss: unknown): void {
  const shape = (loss as Partial<Tensor> | undefined)?.shape;
  if (!shape) throw new TypeError(`valueAndGrads: loss is ${describe(loss)}, expected a scalar tensor`);
  if (shape.length > 0)
    throw new TypeError(`valueAndGrads: loss has shape [${shape.join(', ')}], expected a scalar: reduce it, e.g. with ops.mean`);
}

const isUnconnected = (error: unknown): boolean => error instanceof Error && error.message.includes('Cannot find a connection');
