import { util, Variable, variable, type Optimizer, type Tensor } from '@tensorflow/tfjs-core';
import type { CheckpointContent } from './checkpointFile.js';
import { firstRepeated } from './firstRepeated.js';
import { mapLeaves } from './mapLeaves.js';
import { inWords, shortened, type StoredTensor } from './safetensors.js';

export type NamedTensor = Awaited<ReturnType<Optimizer['getWeights']>>[number];

/**
 * The parts of the state that {@link AdamW} and the optimizers of `tf.train` have for each variable: `<variable>/<part>`. The state of
 * another optimizer is its own affair: it is neither checked, nor set together with the policy.
 */
function partsOf(optimizer: Optimizer): readonly string[] | undefined {
  switch (optimizer.getClassName()) {
    case 'AdamW':
      return ['m', 'v', 't'];
    case 'SGD':
      return [];
    case 'Momentum':
      return ['momentum'];
    case 'RMSProp':
      return ['rms', 'momentum', ...(optimizer.getConfig().centered ? ['mg'] : [])];
    case 'Adagrad':
      return ['accumulator'];
    case 'Adadelta':
      return ['accum_grad', 'accum_var'];
    case 'Adam':
      return ['m', 'v'];
    default:
      return undefined;
  }
}

/** Splits the name of a part of the state. The name of the variable may contain slashes. */
export function ownerOf(name: string): readonly [owner: string, part: string] {
  const slash = Math.max(name.lastIndexOf('/'), 0);
  return [name.slice(0, slash), name.slice(slash + 1)];
}

/**
 * Checks the state of an optimizer: it is whole, belongs to variables of the policy, and fits them. `subject` begins the message.
 */
export function checkState(
  subject: string,
  optimizer: Optimizer,
  { names, policy, optimizer: saved }: Omit<CheckpointContent, 'state'>,
): void {
  const parts = partsOf(optimizer);
  if (!parts || !saved) return;
  const variables = new Map(names.map((name, i) => [name, policy[i]!]));
  const has = new Set(saved.names);
  if (saved.names[0] !== 'iter') throw new RangeError(`${subject} has ${shortened(saved.names[0] ?? 'no state')}, expected iter`);
  // Earlier versions of AdamW had one count for all variables.
  const counted = saved.names.some((name) => ownerOf(name)[1] === 't');
  const needed = parts.filter((part) => part !== 't' || counted);
  saved.names.forEach((name, i) => {
    const [owner, part] = ownerOf(name);
    const like = variables.get(owner);
    if (i > 0 && !(like && needed.includes(part))) {
      throw new RangeError(`${subject} has ${shortened(name)}, expected ${needed.join(' or ') || 'nothing'} of a variable of policy`);
    }
    const missing = i > 0 && needed.find((other) => !has.has(`${owner}/${other}`));
    if (missing) throw new RangeError(`${subject} has ${shortened(name)}, but no ${shortened(owner)}/${missing}`);
    const isCount = i === 0 || part === 't';
    expectLike(`${subject} has ${shortened(name)}`, saved.tensors[i]!, isCount ? { dtype: 'int32', shape: [] } : like!);
    const [value] = saved.tensors[i]!.values;
    if (isCount && value! < 0) throw new RangeError(`${subject} has ${shortened(name)} = ${value!}, expected an integer >= 0`);
  });
  const twice = firstRepeated(saved.names);
  if (twice !== undefined) throw new RangeError(`${subject} has ${shortened(twice)} twice`);
}

function expectLike(words: string, { dtype, shape }: StoredTensor, like: Pick<StoredTensor, 'dtype' | 'shape'>): void {
  if (dtype === like.dtype && util.arraysEqual([...shape], [...like.shape])) return;
  throw new RangeError(`${words} as ${inWords(dtype, shape)}, expected ${inWords(like.dtype, like.shape)}`);
}

/** A state that is ready to replace that of an optimizer. */
export interface PreparedState {
  /** Replaces the state, at once. */
  apply(): void;
  /** Frees what is in no use: the prepared state, or the one that it has replaced. */
  dispose(): void;
}

/**
 * Sets a state on a copy of an optimizer, whose fields then replace those of the optimizer: `setWeights` takes a while, in which the
 * optimizer may make steps, and may fail halfway. That of `tf.train`'s optimizers also keeps the variables that it replaces.
 */
export async function prepareState(optimizer: Optimizer, state: NamedTensor[]): Promise<PreparedState> {
  if (!partsOf(optimizer)) {
    await optimizer.setWeights(state);
    return { apply: () => undefined, dispose: () => undefined };
  }
  const copy = copyOf(optimizer);
  const all = variablesIn(copy);
  const dispose = (): void => {
    const used = variablesIn(optimizer);
    for (const one of [...all, ...variablesIn(copy)]) if (!used.has(one) && !one.isDisposed) one.dispose();
  };
  try {
    await copy.setWeights(state);
  } catch (error) {
    dispose();
    throw error;
  }
  const apply = (): void => {
    for (const one of variablesIn(optimizer)) all.add(one);
    Object.assign(optimizer, copy);
  };
  return { apply, dispose };
}

/** A copy of an optimizer with variables of its own, which share the memory of the values. */
function copyOf(optimizer: Optimizer): Optimizer {
  const fields = mapLeaves('loadCheckpoint: optimizer', fieldsOf(optimizer), (leaf) =>
    leaf instanceof Variable ? variable(leaf as Tensor, leaf.trainable) : leaf,
  );
  return Object.assign(Object.create(Object.getPrototypeOf(optimizer) as object) as Optimizer, fields);
}

const fieldsOf = (optimizer: Optimizer): Record<string, unknown> => Object.fromEntries(Object.entries(optimizer));

/** The variables in the fields of an optimizer. */
function variablesIn(optimizer: Optimizer): Set<Variable> {
  const found = new Set<Variable>();
  mapLeaves('loadCheckpoint: optimizer', fieldsOf(optimizer), (leaf) => {
    if (leaf instanceof Variable) found.add(leaf as Variable);
  });
  return found;
}
