import { arrays } from '../backend/arrays/arrays.js';
import { sum } from '../backend/ops.js';
import { describe } from '../backend/registry.js';
import type { Backend } from '../backend/types.js';
import { checkChoice, checkOptions } from '../internal/checks.js';
import type { LossKind } from '../internal/lossKind.js';
import { checkGradients } from './checkGradients.js';
import * as checks from './lossChecks.js';
import type { LossOptions, Subject } from './lossChecks.js';
import { findExtremes } from './lossExtremes.js';
import { readInputs, type Leaf, type LossInputs, type Point } from './lossInputs.js';
import { LossReport, type LossProperties } from './lossReport.js';
import { isForeign, traced, type Trace } from './tracer.js';

/** A check of {@link checkLoss} whose problem may be intended. */
export type LossCheck = (typeof CHECKS)[number];

const CHECKS = ['direction', 'reference', 'rows', 'unused', 'detached', 'finite', 'gradient', 'leak'] as const;

/** Options of {@link checkLoss}. */
export interface CheckLossOptions {
  /** Options that the loss is called with, as plain values. Each number among them must change the loss. Default: none. */
  readonly options?: LossOptions;
  /** Kind of the loss, if the fields of the batch do not tell: `'rewards'` for scores of a reward model. */
  readonly kind?: LossKind;
  /** Checks whose problems are intended: they are not reported. Default: none. */
  readonly allow?: readonly LossCheck[];
}

/**
 * Examines a preference loss of your own, and reports what it does and what is wrong with it.
 *
 * The loss is called on plain arrays in float64, on opaque tensors that count its operations and cannot be read, and on the engine of
 * the batch. So it must be written in `ops`, or in functions of this library. The problems, by check:
 *
 * - `call`: it throws, reads values, returns a promise, or anything but one value per row. Nothing else is examined then.
 * - `direction`: it pushes the policy from the right side to the wrong one, or the reference the other way round.
 * - `reference`: its value depends on the log-probs where policy and reference agree.
 * - `rows`: the loss of a row depends on the rest of the batch.
 * - `unused`: a field or an option changes nothing.
 * - `detached`: no gradient reaches log-probs of the policy that the loss depends on.
 * - `finite`: the loss, or on an engine with gradients its gradient, is not finite for log-probs from -1e5 to 0, or rewards of ±1e5.
 * - `gradient`: value or gradient on the engine differ from plain arrays, see {@link checkGradients}.
 * - `leak`: tensors are left in memory, or its result is one of its arguments.
 *
 * @param loss - The loss: called with a batch and options, returns one value per row `[B]`.
 * @param sample - A batch as the loss takes it, on any engine; or a kind, for a batch of that kind on plain arrays.
 * @param options - See {@link CheckLossOptions}.
 * @returns The report. `report.problems` is empty if nothing is wrong; `String(report)` is text, `JSON.stringify(report)` JSON.
 * @throws TypeError if the sample is not a batch of a loss. Errors of the loss itself are problems of the report.
 * @throws RangeError if the batch has fewer than two rows, or `kind` or `allow` hold unknown names.
 *
 * @example
 * ```ts
 * import { logRatioMargin, ops, type PairLogps } from 'prefloss';
 * import { checkLoss } from 'prefloss/testing';
 *
 * const myLoss = <T>(logps: PairLogps<T>, { beta }: { beta: number }): T =>
 *   ops.scope(logps.policy.chosen, () => ops.softplus(ops.mul(logRatioMargin(logps), beta)));
 * const report = await checkLoss(myLoss, 'pairs', { options: { beta: 0.1 } });
 * console.log(report.problems[0]);
 * // direction: where the policy is behind, the loss rises as policy.chosen rises and policy.rejected falls, expected it to fall
 * ```
 */
export async function checkLoss(
  // The loss runs on several engines, and no single tensor type describes all of them.
  loss: (batch: never, options: never) => unknown,
  sample: object | LossKind,
  options: CheckLossOptions = {},
): Promise<LossReport> {
  checkOptions('checkLoss', options, ['options', 'kind', 'allow']);
  const { options: given = {}, kind, allow = [] } = options;
  if (typeof loss !== 'function') throw new TypeError(`checkLoss: loss is ${describe(loss)}, expected a function`);
  for (const check of allow) checkChoice('checkLoss', 'allow', check, CHECKS);
  const name = loss.name || 'loss';
  const inputs = await readInputs(sample, kind);
  const run = (batch: object, own: LossOptions): unknown => loss(batch as never, own as never);
  try {
    const trace = traceOf(run, inputs, given);
    const subject: Subject = { inputs, options: given, call: run as Subject['call'] };
    const { problems, properties } = await examine(subject, trace);
    return new LossReport(name, problems.filter((line) => !allow.some((check) => line.startsWith(`${check}: `))), properties); // prettier-ignore
  } catch (error) {
    return new LossReport(name, [`call: ${sentence(error)}`], null);
  }
}

/** Calls the loss on opaque tensors; throws an error that says what is wrong with the call. */
function traceOf(run: (batch: object, options: LossOptions) => unknown, inputs: LossInputs, options: LossOptions): Trace<unknown> {
  const call = (isReadable: boolean): Trace<unknown> => {
    const tensor = ({ isNumber, values, shape, path }: Leaf, make: (values: never, name: string) => object): unknown =>
      isNumber ? values[0] : make(arrays.reshape(Array.from(values), shape) as never, path);
    let trace: Trace<unknown>;
    // Within a scope of the engine, because a loss for this engine alone makes tensors there before it fails.
    inputs.engine.scope(() => {
      trace = traced(
        (make) =>
          run(
            inputs.batch((leaf) => tensor(leaf, make)),
            options,
          ),
        isReadable,
      );
    });
    return trace!;
  };
  const trace = call(true);
  const { result, shape } = trace;
  if (result instanceof Promise) {
    result.catch(() => undefined); // The promise is of no use, nor is its error.
    throw new TypeError('it returns a promise, expected a tensor: a loss is synchronous');
  }
  if (!shape) throw new TypeError(`it returns ${describe(result)}, expected a tensor`);
  if (shape.length !== 1 || shape[0] !== inputs.rows) {
    const advice = shape.length === 0 ? ': leave the mean to the caller' : '';
    throw new TypeError(`it returns shape [${shape.join(', ')}], expected [${inputs.rows}], one value per row${advice}`);
  }
  call(false);
  return trace;
}

/** An error as the end of a sentence, without its stack. */
function sentence(error: unknown): string {
  if (!(error instanceof Error)) return `it throws ${describe(error)}`;
  const [message = ''] = error.message.split('\n');
  if (/^it (returns|reads|uses) /.test(message)) {
    return /^it returns /.test(message) ? message : `${message}, expected only operations of ops: values are not known on a GPU`;
  }
  if (isForeign(message)) return `it gives a tensor to another library, expected only operations of ops: ${message}`;
  return `it throws ${error.name}: ${message}`;
}

async function examine(subject: Subject, trace: Trace<unknown>): Promise<{ problems: string[]; properties: LossProperties }> {
  const { inputs } = subject;
  const { kind, engine } = inputs;
  const dependence = checks.dependence(subject);
  const variation = checks.variesAtReference(subject);
  const isPerRow = checks.isPerRow(subject);
  const hasGradients = engine.valueAndGrads !== undefined;
  const extremes = await findExtremes(inputs, (point) => notFinite(subject, point));
  const gradient = hasGradients ? await gradientError(subject) : null;
  const detached = inputs.inputs.filter(({ model, name }) => model === 'policy' && dependence.inputs[name]!.gradient === 'detached');
  const problems = [
    ...checks.wrongDirections(subject, dependence).map((line) => `direction: ${line}`),
    ...(variation === undefined ? [] : [`reference: ${variation}`]),
    ...(isPerRow ? [] : ['rows: the loss of a row alone is another than in the batch']),
    ...checks.unused(subject).map((name) => `unused: ${name} changes nothing`),
    ...detached.map(({ name }) => `detached: no gradient reaches ${name}, on which the loss depends`),
    ...(extremes.problem === undefined ? [] : [`finite: ${extremes.problem}`]),
    ...(typeof gradient === 'string' ? [`gradient: ${gradient}`] : []),
    ...(trace.isOwn ? [] : ['leak: its result is one of its arguments or is freed, expected a tensor of its own']),
    ...(trace.leaked > 0 ? [`leak: it leaves ${trace.leaked} tensors besides its result, expected 0: run it in ops.scope`] : []),
  ];
  const properties: LossProperties = {
    kind,
    options: subject.options,
    engine: engine.name,
    ...dependence,
    isPerRow,
    ignoresShift: checks.ignoresShift(subject),
    exchangesLikeDpo: checks.exchangesLikeDpo(subject),
    scalesLikeDpo: checks.scalesLikeDpo(subject),
    finiteTo: extremes.finiteTo,
    gradientError: typeof gradient === 'number' ? gradient : null,
    operations: trace.operations,
    leaked: trace.leaked,
  };
  return { problems, properties };
}

/** What is not finite at a point, in float64 or on the engine, with its gradients if it has any. */
async function notFinite(subject: Subject, point: Point): Promise<string | undefined> {
  try {
    const bad = (values: ArrayLike<number>) => Array.from(values).find((x) => !Number.isFinite(x));
    const value = bad(checks.valuesAt(subject, point));
    if (value !== undefined) return `it is ${value}`;
    const { inputs, call, options } = subject;
    const { engine } = inputs;
    if (engine.valueAndGrads === undefined) return undefined;
    const tensors = tensorsOn(engine, inputs, point);
    const wrt = differentiated(inputs);
    const batch = (xs: readonly unknown[]) => inputs.batch((_, i) => (wrt.includes(i) ? xs[wrt.indexOf(i)] : tensors[i]));
    const results = engine.scope(() => {
      const { value: total, grads } = engine.valueAndGrads!((xs) => sum(call(batch(xs), options)) as unknown, wrt.map((i) => tensors[i])); // prettier-ignore
      return [total, ...grads];
    });
    const [total, ...grads] = await engine.read(results);
    free(engine, [...results, ...tensors]);
    if (bad(total!) !== undefined) return `it is ${bad(total!)} on ${engine.name}`;
    const at = grads.findIndex((values) => bad(values) !== undefined);
    return at < 0 ? undefined : `its gradient by ${inputs.leaves[wrt[at]!]!.path} is ${bad(grads[at]!)} on ${engine.name}`;
  } catch (error) {
    return sentence(error);
  }
}

/** The largest error of the gradients of the engine, or what is wrong with them. */
async function gradientError({ inputs, options, call }: Subject): Promise<number | string> {
  const { engine, leaves } = inputs;
  const tensors = tensorsOn(engine, inputs, leaves.map(({ values }) => values)); // prettier-ignore
  try {
    const batch = inputs.batch((_, i) => tensors[i]);
    const wrt = differentiated(inputs).map((i) => leaves[i]!.path);
    const { gradientErrors } = await checkGradients((xs) => call(xs, options), batch, { wrt, tolerance: 1e-4 });
    return Math.max(...Object.values(gradientErrors));
  } catch (error) {
    return sentence(error).replace(/^it throws \w+: checkGradients: /, '');
  } finally {
    free(engine, tensors);
  }
}

/** The leaves, by index, that the engine differentiates with respect to. */
const differentiated = ({ inputs, leaves }: LossInputs): number[] =>
  [...new Set(inputs.map(({ leaf }) => leaf))].filter((i) => !leaves[i]!.isNumber);

/** All leaves on the engine; plain numbers stay. */
const tensorsOn = (engine: Backend<unknown>, { leaves }: LossInputs, point: Point): unknown[] =>
  leaves.map(({ isNumber, shape, dtype }, i) =>
    isNumber ? point[i]![0] : engine.constant(arrays.reshape(Array.from(point[i]!), shape), dtype),
  );

const free = (engine: Backend<unknown>, tensors: readonly unknown[]): void => {
  for (const x of tensors) if (typeof x !== 'number') engine.dispose?.(x);
};
