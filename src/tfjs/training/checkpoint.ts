import { clone, dispose, keep, Optimizer, tensor, util, Variable, type Tensor } from '@tensorflow/tfjs-core';
import { describe } from '../../backend/describe.js';
import { checkFields } from '../../internal/checks.js';
import { readFromDevice } from '../device.js';
import { readCheckpoint, writeCheckpoint, type CheckpointContent, type TrainingState } from './checkpointFile.js';
import { checkState, ownerOf, prepareState, type NamedTensor } from './optimizerState.js';
import { inWords, isStoredDType, shortened, STORED_DTYPES, type StoredDType, type StoredTensor } from './safetensors.js';
import { jsonOfState } from './trainingState.js';
import { checkLive, variablesOf, type Variables } from './variables.js';

export type { TrainingState } from './checkpointFile.js';

/** The parts that {@link saveCheckpoint} saves and {@link loadCheckpoint} restores. */
export interface CheckpointParts {
  /** The variables to save: see {@link Variables}. */
  readonly policy: Variables;
  /** The optimizer that trains them. If omitted, the checkpoint holds only the policy. */
  readonly optimizer?: Optimizer;
}

/**
 * Serializes the policy and the state of its optimizer as the bytes of a
 * [safetensors](https://github.com/huggingface/safetensors) file, which Python can read too. With {@link AdamW}, training that is
 * resumed with {@link loadCheckpoint} continues bit for bit, given the same hyperparameters and data. That with `tf.train.adam` may differ in
 * the last digits: TensorFlow.js does not save its powers of beta, and computes them in another way when it sets the state.
 *
 * The file does not contain the reference or the hyperparameters of the optimizer, such as the learning rate. It holds a checksum of its
 * content and the version of its format: every later version of this library reads it.
 *
 * To replace a checkpoint on disk, write the bytes to another file and rename it: after a crash or on a full disk, the old
 * checkpoint is still intact.
 *
 * @param parts - See {@link CheckpointParts}. Variables and moments may be float32, int32 or bool.
 * @param state - Default `{}`. See {@link TrainingState}: null, booleans, finite numbers, strings, and lists and records of them. A field of
 *   a record that is undefined is left out; -0 becomes 0. At most 64 levels and a million values.
 * @returns The bytes. The policy, the state of an {@link AdamW} and `state` are saved as they are at the time of the call, even if training
 *   continues before the promise resolves. Other optimizers are read later: do not train with them until the promise resolves.
 * @throws TypeError if `policy` contains anything but variables, or `state` anything that JSON would change, such as Infinity, NaN or a `Map`
 *   (the message names its path), a tensor has another dtype, or the optimizer is `tf.train.adamax`, whose state TensorFlow.js does not give.
 * @throws RangeError if the optimizer has state of a variable that `policy` does not contain, or `state` is too deep or too large.
 */
export async function saveCheckpoint(parts: CheckpointParts, state: TrainingState = {}): Promise<Uint8Array> {
  const { policy, optimizer } = checkedParts('saveCheckpoint', parts);
  if (optimizer?.getClassName() === 'Adamax') {
    throw new TypeError('saveCheckpoint: optimizer is Adamax, which TensorFlow.js cannot save, expected AdamW or another of tf.train');
  }
  const json = jsonOfState(state);
  const found = variablesOf('saveCheckpoint', 'policy', policy);
  const copies: Tensor[] = [];
  try {
    // `assign` gives a variable new memory, so a clone keeps the values of this moment. A clone copies them only on wasm.
    for (const variable of found.values()) copies.push(keep(clone(variable as Tensor)));
    const variables = [...copies];
    const moments = (await optimizer?.getWeights()) ?? [];
    copies.push(...moments.map((moment) => moment.tensor).filter((x) => !(x instanceof Variable)));
    const [stored, tensors] = await Promise.all([valuesOf(variables), valuesOf(moments.map((moment) => moment.tensor))]);
    const content = {
      paths: [...found.keys()],
      names: [...found.values()].map(({ name }) => name),
      policy: stored,
      optimizer: optimizer && { className: optimizer.getClassName(), names: moments.map(({ name }) => name), tensors },
    };
    if (optimizer) checkState('saveCheckpoint: the optimizer', optimizer, content);
    return writeCheckpoint({ ...content, state: json });
  } finally {
    dispose(copies);
  }
}

function checkedParts(fn: string, parts: CheckpointParts): { policy: Variables; optimizer: Optimizer | undefined } {
  checkFields(fn, 'parts', parts, [], 'any', '{ policy, optimizer }');
  const { policy, optimizer } = parts;
  // With the classes of TensorFlow.js, `instanceof` reads fields of the value.
  if (optimizer === undefined || ((optimizer as unknown) !== null && optimizer instanceof Optimizer)) return { policy, optimizer };
  throw new TypeError(`${fn}: optimizer is ${describe(optimizer)}, expected an optimizer of TensorFlow.js`);
}

function storedDType(fn: string, dtype: string): StoredDType {
  if (isStoredDType(dtype)) return dtype;
  throw new TypeError(`${fn}: a tensor has dtype ${dtype}, expected ${STORED_DTYPES}`);
}

/** Reads tensors. */
const valuesOf = async (tensors: readonly Tensor[]): Promise<StoredTensor[]> =>
  readFromDevice('saveCheckpoint', () =>
    Promise.all(
      tensors.map(async (x) => {
        const dtype = storedDType('saveCheckpoint', x.dtype);
        return { dtype, shape: x.shape, values: await x.data() };
      }),
    ),
  );

/**
 * Loads a checkpoint into the variables and the optimizer of a model, in the same process or in another. The names that TensorFlow.js
 * gives the variables may differ; their paths in the policy, such as `.blocks[0].weight`, may not.
 *
 * All or nothing: the whole file is checked, against its checksum and against `parts`, before anything changes, and after an error nothing
 * has changed. `bytes` is not used after the call. The optimizer and the policy are replaced together, at one moment before the promise
 * resolves: a step or another load that is made before is replaced too. What is replaced is freed. An optimizer that is neither an
 * {@link AdamW} nor one of `tf.train` is set by its own `setWeights`, before the policy.
 *
 * The file may come from anywhere: it is data, of which nothing is run. The checksum finds damage; it does not tell who wrote the file.
 *
 * @param bytes - The result of {@link saveCheckpoint}, of this version of the library or of any earlier one.
 * @param parts - Variables that match the saved ones in paths, shapes and dtypes, and an optimizer of the saved class if the checkpoint
 *   has one.
 * @returns The `state` that was saved.
 * @throws TypeError if `bytes` is not a Uint8Array, or `policy` contains anything but live variables; the message names its path.
 * @throws RangeError if `bytes` is cut short, not a checkpoint, damaged, or written by a later version, or the checkpoint does not match
 *   `parts`.
 */
export async function loadCheckpoint(bytes: Uint8Array, parts: CheckpointParts): Promise<TrainingState> {
  const { policy, optimizer } = checkedParts('loadCheckpoint', parts);
  const content = readCheckpoint(bytes);
  const found = variablesOf('loadCheckpoint', 'policy', policy);
  const variables = [...found.values()];
  checkPolicy(content, found);
  checkClass(content, optimizer);
  if (optimizer) checkState('loadCheckpoint: the optimizer of the checkpoint', optimizer, content);
  const made: Tensor[] = [];
  const tensorOf = ({ dtype, shape, values }: StoredTensor): Tensor => {
    const x = keep(tensor(values, [...shape], dtype));
    made.push(x);
    return x;
  };
  try {
    const values = content.policy.map(tensorOf);
    // The optimizer's state is named after the variables, which may have other names in this process.
    const renamed = new Map(content.names.map((name, i) => [name, variables[i]!.name]));
    const state = content.optimizer?.tensors.map((stored, i): NamedTensor => {
      const name = content.optimizer!.names[i]!;
      const [owner, part] = ownerOf(name);
      return { name: renamed.has(owner) ? `${renamed.get(owner)!}/${part}` : name, tensor: tensorOf(stored) };
    });
    const prepared = optimizer && state && (await prepareState(optimizer, state));
    try {
      for (const [path, variable] of found) checkLive('loadCheckpoint', `policy${path}`, variable);
      // Nothing fails from here on, and nothing waits.
      prepared?.apply();
      for (const [i, variable] of variables.entries()) variable.assign(values[i]!);
    } finally {
      prepared?.dispose();
    }
  } finally {
    dispose(made);
  }
  return content.state;
}

function checkClass({ optimizer: saved }: CheckpointContent, optimizer: Optimizer | undefined): void {
  const wanted = optimizer?.getClassName();
  if (saved?.className === wanted) return;
  throw new RangeError(
    `loadCheckpoint: the optimizer of the checkpoint is ${shortened(saved?.className ?? 'none')}, expected ${wanted ?? 'none'}`,
  );
}

function checkPolicy({ paths, names, policy: stored }: CheckpointContent, policy: ReadonlyMap<string, Variable>): void {
  if (names.length !== policy.size) {
    throw new RangeError(`loadCheckpoint: the checkpoint has ${names.length} variables, expected ${policy.size} like policy`);
  }
  [...policy].forEach(([path, { name, shape, dtype: given }], i) => {
    if (path !== paths[i]) {
      throw new RangeError(`loadCheckpoint: variable ${i} is policy${shortened(paths[i]!)} in the checkpoint, expected policy${path}`);
    }
    const saved = stored[i]!;
    const dtype = storedDType('loadCheckpoint', given);
    if (util.arraysEqual([...saved.shape], shape) && saved.dtype === dtype) return;
    throw new RangeError(
      `loadCheckpoint: variable ${i}, ${shortened(names[i]!)}, is ${inWords(saved.dtype, saved.shape)} in the checkpoint, expected ${inWords(dtype, shape)} like ${name}`,
    );
  });
}
