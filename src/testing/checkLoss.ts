import { describe } from '../backend/describe.js';
import { checkChoice, checkOptions } from '../internal/checks.js';
import type { LossKind } from '../internal/lossKind.js';
import * as checks from './lossChecks.js';
import type { LossOptions, Subject } from './lossChecks.js';
import { findExtremes } from './lossExtremes.js';
import { onArrays, readInputs } from './lossInputs.js';
import { gradientError, notFiniteOnEngine } from './lossOnEngine.js';
import { LossProblem, problemOf } from './lossProblem.js';
import { LossReport, type LossProperties } from './lossReport.js';
import { traced, type Trace } from './tracer.js';

/** A check of {@link checkLoss} whose problem may be intended. */
export type LossCheck = 'direction' | 'reference' | 'rows' | 'unused' | 'detached' | 'finite' | 'gradient' | 'leak';

const CHECKS: readonly LossCheck[] = ['direction', 'reference', 'rows', 'unused', 'detached', 'finite', 'gradient', 'leak'];

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
 * The loss is called on plain lists in float64, on opaque tensors that count its operations and cannot be read, and on the engine of
 * the batch. So it must be written in `ops`, or in functions of this library. The problems, by check:
 *
 * - `call`: it throws, reads values, returns a promise, or anything but one value per row. Nothing else is examined then.
 * - `direction`: it pushes the policy from the right side to the wrong one, or the reference the other way round; single completions
 *   without a label have no right side.
 * - `reference`: its value depends on the log-probs where policy and reference agree.
 * - `rows`: the loss of a row depends on the rest of the batch.
 * - `unused`: a field or an option changes nothing.
 * - `detached`: no gradient reaches log-probs of the policy that the loss depends on.
 * - `finite`: the loss, or on an engine with gradients its gradient, is not finite for log-probs from -1e5 to 0, or rewards of ±1e5.
 * - `gradient`: value or gradient on the engine differ from those on plain lists, see {@link checkGradients}.
 * - `leak`: tensors are left in memory, or its result is one of its arguments.
 *
 * @param loss - The loss: called with a batch and options, returns one value per row `[B]`.
 * @param sample - A batch as the loss takes it, on any engine; or a kind, for a batch of that kind in plain lists.
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
  // Without options, the loss has its own default for its second argument, which may be of any type.
  const call = (batch: object, own: LossOptions) => loss(batch as never, (Object.keys(own).length === 0 ? undefined : own) as never);
  const subject: Subject = { inputs, options: given, call };
  try {
    const { problems, properties } = await examine(subject, traceOf(subject));
    const unintended = problems.filter((line) => !allow.some((check) => line.startsWith(`${check}: `)));
    return new LossReport(name, unintended, properties);
  } catch (error) {
    return new LossReport(name, [`call: ${problemOf(error)}`], null);
  }
}

/** Calls the loss on opaque tensors, which can be read and which cannot; throws a {@link LossProblem} if it returns no losses. */
function traceOf({ inputs, options, call }: Subject): Trace<unknown> {
  const traceIf = (isReadable: boolean): Trace<unknown> => {
    let trace: Trace<unknown>;
    // In a scope of the engine, because a loss that is written for this engine alone makes tensors there before it fails.
    inputs.engine.scope(() => {
      trace = traced((make) => {
        const batch = inputs.batch((leaf, i) => (leaf.isNumber ? leaf.values[0] : make(onArrays(inputs, i), leaf.path)));
        return call(batch, options);
      }, isReadable);
    });
    return trace!;
  };
  const trace = traceIf(true);
  const { result, shape } = trace;
  if (result instanceof Promise) {
    result.catch(() => undefined); // Nobody waits for it.
    throw new LossProblem('it returns a promise, expected a tensor: a loss is synchronous');
  }
  if (!shape) throw new LossProblem(`it returns ${describe(result)}, expected a tensor`);
  if (shape.length !== 1 || shape[0] !== inputs.rows) {
    const advice = shape.length === 0 ? ': leave the mean to the caller' : '';
    throw new LossProblem(`it returns shape [${shape.join(', ')}], expected [${inputs.rows}], one value per row${advice}`);
  }
  try {
    traceIf(false);
  } catch (error) {
    throw new LossProblem(`where values cannot be read, as on a GPU, ${problemOf(error)}`, { cause: error });
  }
  return trace;
}

async function examine(subject: Subject, trace: Trace<unknown>): Promise<{ problems: string[]; properties: LossProperties }> {
  const { inputs } = subject;
  const { kind, engine } = inputs;
  const dependence = checks.dependence(subject);
  const variation = checks.variesAtReference(subject);
  const isPerRow = checks.isPerRow(subject);
  const extremes = await findExtremes(
    inputs,
    async (point) => checks.notFinite(subject, point) ?? (await notFiniteOnEngine(subject, point)),
  );
  const gradient = await gradientError(subject);
  const detached = inputs.inputs.filter(({ model, name }) => model === 'policy' && dependence.inputs[name]!.gradient === 'detached');
  const problems = [
    ...checks.wrongDirections(subject, dependence).map((line) => `direction: ${line}`),
    ...(variation === undefined ? [] : [`reference: ${variation}`]),
    ...(isPerRow ? [] : ['rows: the loss of a row depends on the rest of the batch']),
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
