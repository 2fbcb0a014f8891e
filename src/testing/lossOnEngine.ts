import { sum } from '../backend/ops.js';
import type { Backend } from '../backend/types.js';
import { checkGradients } from './checkGradients.js';
import { gradientsOf } from './engineGradients.js';
import { firstNotFinite, type Subject } from './lossChecks.js';
import { onArrays, type LossInputs, type Point } from './lossInputs.js';
import { problemOf } from './lossProblem.js';

/** What is not finite at a point on an engine with gradients: the sum of the losses, or its gradient. */
export async function notFiniteOnEngine(subject: Subject, point: Point): Promise<string | undefined> {
  const { inputs, options, call } = subject;
  const { engine, leaves } = inputs;
  const valueAndGrads = gradientsOf(engine);
  if (!valueAndGrads) return undefined;
  const wrt = differentiated(inputs);
  return withTensors(engine, inputs, point, async (tensors) => {
    const results = engine.scope(() => {
      const batch = (xs: readonly unknown[]) => inputs.batch((_, i) => (wrt.includes(i) ? xs[wrt.indexOf(i)] : tensors[i]));
      const given = wrt.map((i) => tensors[i]);
      const { value, grads } = valueAndGrads((xs) => sum(call(batch(xs), options)), given);
      return [value, ...grads];
    });
    const [value, ...grads] = await engine.read(results).finally(() => {
      for (const result of results) engine.dispose?.(result);
    });
    const total = firstNotFinite(value!);
    if (total !== undefined) return `it is ${total} on ${engine.name}`;
    const at = grads.findIndex((gradient) => firstNotFinite(gradient) !== undefined);
    return at < 0 ? undefined : `its gradient by ${leaves[wrt[at]!]!.path} is ${firstNotFinite(grads[at]!)!} on ${engine.name}`;
  }).catch(problemOf);
}

/** The largest error of the gradients of the engine, or what is wrong with them; null if it has no gradients. */
export async function gradientError({ inputs, options, call }: Subject): Promise<number | string | null> {
  const { engine, leaves } = inputs;
  if (!gradientsOf(engine)) return null;
  const sample = leaves.map(({ values }) => values);
  return withTensors(engine, inputs, sample, async (tensors) => {
    const batch = inputs.batch((_, i) => tensors[i]);
    const wrt = differentiated(inputs).map((i) => leaves[i]!.path);
    const { gradientErrors } = await checkGradients((xs: object) => call(xs, options), batch, { wrt, tolerance: 1e-4 });
    return Math.max(...Object.values(gradientErrors));
  }).catch((error: unknown) => problemOf(error).replace(/^it throws \w+: checkGradients: /, ''));
}

/** The leaves, by index, that the engine differentiates with respect to. */
const differentiated = ({ inputs, leaves }: LossInputs): number[] =>
  [...new Set(inputs.map(({ leaf }) => leaf))].filter((i) => !leaves[i]!.isNumber);

/** Calls `f` with all leaves on the engine, plain numbers excepted, and frees them afterwards. */
async function withTensors<R>(
  engine: Backend<unknown>,
  inputs: LossInputs,
  point: Point,
  f: (tensors: readonly unknown[]) => Promise<R>,
): Promise<R> {
  const onEngine = inputs.leaves.map(({ isNumber, dtype }, i) => {
    const values = onArrays(inputs, i, point);
    return isNumber ? values : engine.constant(values, dtype);
  });
  try {
    return await f(onEngine);
  } finally {
    onEngine.forEach((x, i) => {
      if (!inputs.leaves[i]!.isNumber) engine.dispose?.(x);
    });
  }
}
