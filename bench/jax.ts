import { Float16Array } from '@petamoriken/float16';
import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, valueAndGrad, type Array as JaxArray } from '@jax-js/jax';
import { hashed } from '../tools/hashed.js';
import { prefloss } from './built.js';
import { checkValue, gradientDifference } from './difference.js';
import { shapeText } from './format.js';
import type { JaxRow } from './results.js';
import type { Setup } from './setup.js';
import { time, timeByTurns, type Timed } from './timing.js';
import { disposeInputs, makeInputs, run, type Shape } from './workloads.js';

const { owning } = (await import(new URL('../dist/jax.js', import.meta.url).href)) as typeof import('../src/jax/index.js');
const { completionLogProbs, dpo, ipo, kto, ops, orpo, splitPairs, tokenLogProbs } = prefloss;

/** Numbers of pairs. */
const BATCHES = [64, 100_000];
/** Logits of a step of a model. */
const STEPS: readonly Shape[] = [
  [4, 32, 1024],
  [8, 64, 8192],
];
const HEAD: Shape = [2, 64, 32000];
const QUICK_HEAD: Shape = [2, 64, 2000];

const BETA = 0.1;
const LAMBDA = 0.1;
const REFERENCE = -50;
const WIDTH = 16;
/** Time for the timed calls of a route, divided by the number of rounds; within limits on their number. */
const ROUND_MS = 500;
const CALLS = { fewest: 30, most: 2000 } as const;
const TURN_MS = 200;

/** Functions of jax-js consume their arguments. */
type Formula = (...inputs: JaxArray[]) => JaxArray;

/** A function as its formula reads in jax-js, and as this library computes it. */
interface Case {
  readonly inputs: readonly JaxArray[];
  /** How many of the inputs, from the first on, get a gradient. */
  readonly trained: number;
  readonly byHand: Formula;
  readonly ours: Formula;
}

const uniform = (size: number, seed: number, centre: number, width: number): JaxArray => np.array(hashed(size, seed, width, centre));
const sums = (batch: number, count: number): JaxArray[] => Array.from({ length: count }, (_, i) => uniform(batch, i + 1, -50, 10));

const margin: Formula = (chosen, rejected, referenceChosen, referenceRejected) =>
  chosen.sub(referenceChosen).sub(rejected.sub(referenceRejected));
const negLogSigmoid = (x: JaxArray): JaxArray => nn.logSigmoid(x).neg();
const logOdds = (x: JaxArray): JaxArray => x.ref.sub(nn.log1mexp(x.neg()));
const pairLogps = ([chosen, rejected, referenceChosen, referenceRejected]: readonly JaxArray[]) => ({
  policy: { chosen: chosen!, rejected: rejected! },
  reference: { chosen: referenceChosen!, rejected: referenceRejected! },
});

const LOSSES: Readonly<Record<string, (batch: number) => Case>> = {
  dpo: (batch) => ({
    inputs: sums(batch, 4),
    trained: 2,
    byHand: (...logps) => np.mean(negLogSigmoid(margin(...logps).mul(BETA))),
    ours: (...logps) => ops.mean(dpo(pairLogps(logps), { beta: BETA })),
  }),
  ipo: (batch) => ({
    inputs: sums(batch, 4),
    trained: 2,
    byHand: (...logps) => np.mean(np.square(margin(...logps).sub(1 / (2 * BETA)))),
    ours: (...logps) => ops.mean(ipo(pairLogps(logps), { beta: BETA })),
  }),
  kto: (batch) => ({
    inputs: [...sums(batch, 2), np.array(Float32Array.from({ length: batch }, (_, i) => i % 2)), uniform(batch, 3, 1, 1)],
    trained: 1,
    byHand: (policy, reference, desirable, kl) => {
      const lead = policy.sub(reference).sub(kl).mul(BETA);
      return np.mean(np.where(desirable.greater(0), nn.sigmoid(lead.ref.neg()), nn.sigmoid(lead)));
    },
    ours: (policy, reference, desirable, kl) => ops.mean(kto({ policy, reference, desirable, kl }, { beta: BETA })),
  }),
  orpo: (batch) => ({
    inputs: [uniform(batch, 1, -1.5, 1), uniform(batch, 2, -1.5, 1)],
    trained: 2,
    byHand: (chosen, rejected) => np.mean(negLogSigmoid(logOdds(chosen).sub(logOdds(rejected))).mul(LAMBDA)),
    ours: (chosen, rejected) => ops.mean(orpo({ chosen, rejected }, { lambda: LAMBDA })),
  }),
};

/**
 * Log-probs of labels `[..., T]` under logits `[..., T, V]`: the logit of the label minus the `logsumexp`. The label is compared with each
 * token, because `jit` of jax-js 0.1.25 has no gradient of `takeAlongAxis`.
 */
function logProbsByHand(logits: JaxArray, labels: JaxArray): JaxArray {
  const atLabel = np.equal(np.expandDims(labels, -1), np.arange(logits.shape.at(-1)!).astype(np.int32));
  return np.where(atLabel, logits.ref, 0).sum(-1).sub(nn.logsumexp(logits, -1));
}

/** A step of a model that is an embedding and a head. */
function stepCase([rows, length, vocabulary]: Shape): Case {
  const size = rows * length;
  const ids = Int32Array.from({ length: size }, (_, i) => (i * 7919) % vocabulary);
  const tokens = np.array(ids, { dtype: np.int32 }).reshape([rows, length]);
  const mask = np.array(Float32Array.from({ length: size }, (_, i) => Number(i % length >= length / 4))).reshape([rows, length]);
  const weights = [uniform(vocabulary * WIDTH, 1, 0, 0.5).reshape([vocabulary, WIDTH]), uniform(WIDTH * vocabulary, 2, 0, 0.5).reshape([WIDTH, vocabulary])]; // prettier-ignore
  const logitsOf = (embedding: JaxArray, head: JaxArray, at: JaxArray): JaxArray => np.matmul(np.matmul(nn.oneHot(at, vocabulary), embedding), head); // prettier-ignore
  return {
    inputs: [...weights, tokens, mask],
    trained: 2,
    byHand: (embedding, head, at, counts) => {
      const logits = logitsOf(embedding, head, at.ref).slice([], [0, length - 1]);
      const logps = logProbsByHand(logits, at.slice([], [1, length]));
      const [chosen, rejected] = np.split(logps.mul(counts.slice([], [1, length])).sum(1), 2) as [JaxArray, JaxArray];
      return np.mean(negLogSigmoid(chosen.sub(REFERENCE).sub(rejected.sub(REFERENCE)).mul(BETA)));
    },
    ours: (embedding, head, at, counts) => {
      const logits = logitsOf(embedding.ref, head.ref, at.ref);
      const policy = splitPairs(completionLogProbs(logits, { tokens: at, mask: counts }));
      const reference = ops.mul(policy.chosen, 0);
      const side = ops.add(reference, REFERENCE);
      const loss = ops.mean(dpo({ policy, reference: { chosen: side, rejected: side } }, { beta: BETA }));
      logits.dispose();
      return loss;
    },
  };
}

/** One run of a compiled function, until its results are there. */
type Run = () => Promise<JaxArray[]>;

function compiled({ inputs, trained }: Case, formula: Formula): Run {
  const argnums = Array.from({ length: trained }, (_, i) => i);
  const step = jit(valueAndGrad(formula, { argnums }) as (...inputs: JaxArray[]) => [JaxArray, JaxArray[]]);
  return async () => {
    const [value, grads] = step(...inputs.map((x) => x.ref));
    const results = [value, ...grads];
    await blockUntilReady(results);
    return results;
  };
}

const disposing =
  (f: Run): Timed =>
  async () => {
    for (const x of await f()) x.dispose();
  };

/** Checks that both routes compute the same, and returns them. */
async function routesOf(one: Case): Promise<{ readonly byHand: Timed; readonly ours: Timed; readonly ms: number }> {
  const [byHand, ours] = [compiled(one, one.byHand), compiled(one, owning(one.ours))];
  const values = async (f: Run) => Promise.all((await f()).map((x) => x.data() as Promise<Float32Array>));
  const [expected, got] = [await values(byHand), await values(ours)];
  checkValue('ours', got[0]![0]!, expected[0]![0]!);
  for (let i = 1; i < expected.length; i++) gradientDifference(expected[i]!, got[i]!);
  const start = performance.now();
  await disposing(byHand)();
  return { byHand: disposing(byHand), ours: disposing(ours), ms: performance.now() - start };
}

async function benchCase(what: string, size: string, one: Case, repeats: number): Promise<JaxRow> {
  const { byHand, ours, ms } = await routesOf(one);
  const calls = Math.min(CALLS.most, Math.max(CALLS.fewest, Math.round((repeats * ROUND_MS) / ms)));
  const times = await timeByTurns({ ours, byHand }, calls);
  for (const x of one.inputs) x.dispose();
  return { what, size, ...times, timeOverHand: times.ours.medianMs / times.byHand.medianMs };
}

/** The log-prob head, also against our kernel of TensorFlow.js and against its plain operations. */
async function benchHead(shape: Shape, repeats: number): Promise<JaxRow> {
  const inputs = makeInputs('logProbs', shape);
  const rows = shape.slice(0, 2);
  const [logits, labels, weights] = [await inputs.logits.data(), await inputs.labels.data(), await inputs.weights.data()];
  const one: Case = {
    inputs: [np.array(logits).reshape([...shape]), np.array(labels, { dtype: np.int32 }).reshape(rows), np.array(weights).reshape(rows)],
    trained: 1,
    byHand: (x, at, weight) => logProbsByHand(x, at).mul(weight).sum(),
    ours: (x, at, weight) => ops.sum(ops.mul(tokenLogProbs(x, at), weight)),
  };
  const { byHand, ours } = await routesOf(one);
  const routes = { ours, byHand, kernel: () => run('logProbs', 'ours', inputs), plain: () => run('logProbs', 'naive', inputs) };
  const times = await time(routes, { rounds: repeats, turnMs: TURN_MS });
  for (const x of one.inputs) x.dispose();
  disposeInputs(inputs);
  return { what: 'tokenLogProbs', size: shapeText(shape), ...times, timeOverHand: times.ours.medianMs / times.byHand.medianMs };
}

/** Times compiled value and gradients on jax-js against the same formulas by hand, in the memory of wasm. It runs once, next to wasm. */
export async function benchJax({ backend, repeats, quick }: Setup): Promise<JaxRow[]> {
  if (backend !== 'wasm') return [];
  Object.assign(globalThis, { Float16Array }); // Node.js 20 and 22 lack it
  await init('wasm');
  defaultDevice('wasm');
  const rows: JaxRow[] = [];
  for (const [loss, make] of Object.entries(LOSSES)) {
    for (const batch of quick ? BATCHES.slice(0, 1) : BATCHES) rows.push(await benchCase(loss, `B = ${batch}`, make(batch), repeats));
  }
  for (const shape of quick ? STEPS.slice(0, 1) : STEPS) rows.push(await benchCase('step of a model', shapeText(shape), stepCase(shape), repeats)); // prettier-ignore
  rows.push(await benchHead(quick ? QUICK_HEAD : HEAD, repeats));
  return rows;
}
