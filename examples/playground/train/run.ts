import * as tf from '@tensorflow/tfjs';
import { AdamW, batchesOf, cosineSchedule, loadCheckpoint, noGrad, saveCheckpoint, type Pair } from 'prefloss';
import type { Metrics } from '../../shared/metricsLog.js';
import { evaluate, train } from '../../shared/train.js';
import { answersOf, isRight, promptOf } from '../../train-tiny-gpt/answers.js';
import { datasetOf, type Dataset, type TrainingPair } from '../../train-tiny-gpt/data.js';
import { TinyGpt } from '../../train-tiny-gpt/model.js';
import {
  pairedObjective,
  preference,
  supervised,
  type Objective,
  type PairLoss,
  type PolicyAndReference,
  type PreferenceSetup,
} from '../../train-tiny-gpt/objectives.js';
import { ordering } from '../../train-tiny-gpt/ordering.js';
import { Gate, nextTask, Stopped } from './gate.js';
import type { Backend, BatchPairs, Phase, Report, RunOptions, TrainedLoss } from './protocol.js';

/** What a run needs from where it runs. */
export interface Surroundings {
  /**
   * Makes a backend the active one, or another in its place. With `isFresh`, it gets a new device, because that of the active backend is
   * lost. Returns the name, and what the user should know about it.
   */
  readonly startBackend: (backend: Backend, isFresh: boolean) => Promise<{ readonly backend: string; readonly notice?: string }>;
  /** Compiles the source of a loss. */
  readonly compile: (source: string) => Promise<PairLoss>;
  readonly report: (report: Report) => void;
}

const TASK = ordering();
const MAX_NORM = 1;
const WARMUP = 0.1;
/** Updates between checkpoints, which are kept in memory. */
const CHECKPOINT_EVERY = 10;
/** Number of held-out questions whose answers are shown. */
const SHOWN = 8;

/**
 * A tiny GPT that is fine-tuned on demonstrations, and then learns with a preference loss against a frozen copy of itself. Its user can
 * halt it between two updates. If it fails, it can go on from its last checkpoint.
 */
export class Run {
  readonly #gate = new Gate();
  readonly #data: Dataset;
  readonly #heldOut: readonly TrainingPair[];
  #learningRate: number;
  #isLost = false;
  #policy: TinyGpt | undefined;
  #reference: TinyGpt | undefined;
  #optimizer: AdamW | undefined;
  #savedReference: Uint8Array | undefined;
  #saved: { readonly phase: Phase; readonly step: number; readonly bytes: Uint8Array } | undefined;
  /** The reference's answers to the held-out questions. */
  #before: readonly (readonly number[])[] | undefined;
  /** The last training batch: summed log-probs `[4, B]` of chosen and rejected answers, of the policy, then of the reference. */
  #batch: { readonly logps: tf.Tensor2D; readonly lengths: Pair<readonly number[]> } | undefined;
  #isEvaluating = false;

  constructor(
    private readonly surroundings: Surroundings,
    private readonly options: RunOptions,
  ) {
    this.#learningRate = options.learningRate;
    this.#data = datasetOf(TASK, options.seed);
    this.#heldOut = batchesOf(this.#data.validation, { batchSize: options.heldOut, seed: options.seed })[0]!;
  }

  /** Halts the run before its next update. */
  pause(): void {
    this.#gate.close();
  }

  resume(): void {
    this.#gate.open();
  }

  /** Makes the next update, and halts. */
  step(): void {
    this.#gate.openOnce();
  }

  /** Ends the run before its next update, for good. */
  stop(): void {
    this.#gate.stop();
  }

  dispose(): void {
    tf.dispose([...(this.#policy?.variables ?? []), ...(this.#reference?.variables ?? [])]);
    this.#batch?.logps.dispose();
    this.#optimizer?.dispose();
  }

  /** Trains until the end, a failure or `stop`, and reports which. */
  async go(backend: Backend): Promise<void> {
    const { report, startBackend } = this.surroundings;
    try {
      this.#status('starting');
      report({ type: 'backend', ...(await startBackend(backend, this.#isLost)) });
      this.#isLost = false;
      this.#status('running');
      await this.#passGate();
      await this.#train();
      this.#status('done');
    } catch (error) {
      if (error instanceof Stopped) return;
      const { name, message } = error as Error;
      this.#isLost = name === 'DeviceLostError';
      const checkpoint = this.#saved && { phase: this.#saved.phase, step: this.#saved.step };
      report({ type: 'failed', message, isLost: this.#isLost, ...(checkpoint && { checkpoint }) });
    }
  }

  /** Goes on from the last checkpoint. */
  async recover({ backend, learningRate }: { readonly backend: Backend; readonly learningRate: number }): Promise<void> {
    this.#learningRate = learningRate;
    this.#gate.open();
    await this.go(backend);
  }

  /** Lets commands arrive, and halts while the gate is closed. */
  async #passGate(): Promise<void> {
    await nextTask();
    const isHalted = this.#gate.isClosed;
    if (isHalted) this.#status('paused');
    await this.#gate.pass();
    if (isHalted) this.#status('running');
  }

  #status(status: 'starting' | 'running' | 'paused' | 'done'): void {
    this.surroundings.report({ type: 'status', status });
  }

  async #train(): Promise<void> {
    const { seed, sftSteps, steps, loss } = this.options;
    const custom = typeof loss === 'string' ? undefined : await this.surroundings.compile(loss.source); // fails before the fine-tuning
    if (!this.#saved) {
      this.dispose();
      this.#policy = TinyGpt.create({ ...TASK.sizes, vocabularySize: this.#data.vocabularySize }, seed);
    }
    const policy = this.#policy!;
    if (this.#saved?.phase !== 'preference') {
      await this.#phase('sft', supervised(policy, TASK.demonstrations), sftSteps, TASK.sftRate);
    }
    this.#savedReference ??= await saveCheckpoint({ policy: policy.variables });
    const reference = (this.#reference ??= policy.frozen());
    await loadCheckpoint(this.#savedReference, { policy: reference.variables });
    this.#before ??= await this.#answers(reference);
    await this.#phase(
      'preference',
      this.#objective(custom ?? (loss as Exclude<TrainedLoss, object>), policy, reference),
      steps,
      this.#learningRate,
    );
  }

  #objective(loss: Exclude<TrainedLoss, object> | PairLoss, policy: TinyGpt, reference: TinyGpt): Objective {
    const onLogps: PreferenceSetup['onLogps'] = (logps, pairs, reduction) => {
      if (this.#isEvaluating) return;
      const lengths = mapPair((side) => pairs.map((pair) => pair[side].mask.filter((counts) => counts === 1).length));
      this.#batch?.logps.dispose();
      this.#batch = { logps: tf.keep(noGrad(() => sumsOf(logps, reduction === 'mean' ? lengths : undefined))), lengths };
    };
    const setup = { policy, reference, beta: this.options.beta, onLogps };
    return typeof loss === 'string' ? preference(loss, setup) : pairedObjective(loss, 'sum', setup);
  }

  /** Trains with one objective, from the last checkpoint if it is of this phase. */
  async #phase(phase: Phase, objective: Objective, steps: number, rate: number): Promise<void> {
    const { report } = this.surroundings;
    this.#optimizer?.dispose();
    const optimizer = (this.#optimizer = new AdamW({ beta2: 0.99, weightDecay: 0 }));
    const parts = { policy: this.#policy!.variables, optimizer };
    const save = async (step: number): Promise<void> => {
      this.#saved = { phase, step, bytes: await saveCheckpoint(parts) };
    };
    const saved = this.#saved?.phase === phase ? this.#saved : undefined;
    if (saved) {
      await loadCheckpoint(saved.bytes, parts);
      report({ type: 'rewind', phase, step: saved.step });
    } else await save(0);

    const schedule = cosineSchedule({ learningRate: rate, totalSteps: steps, warmupSteps: Math.ceil(WARMUP * steps) });
    let metrics: Metrics = {};
    let since = performance.now();
    await train({
      variables: parts.policy,
      objective,
      optimizer,
      items: this.#data.train,
      batchSize: this.options.batchSize,
      seed: this.options.seed,
      from: saved?.step ?? 0,
      steps,
      // The schedule starts at 0, and an update with learning rate 0 would be wasted.
      rate: (step) => schedule(step + 1),
      maxNorm: MAX_NORM,
      evaluateEvery: TASK.evaluateEvery,
      onBatch: (_, measured) => {
        metrics = measured;
      },
      betweenSteps: async (step) => {
        const pairs = phase === 'preference' ? { pairs: await this.#pairs() } : {};
        report({ type: 'batch', phase, step, metrics, milliseconds: performance.now() - since, ...pairs });
        if (step % CHECKPOINT_EVERY === 0 || step === steps) await save(step);
        await this.#passGate();
        since = performance.now();
      },
      onEvaluation: async (step) => {
        await this.#evaluate(phase, step, objective);
        return false;
      },
    });
  }

  async #pairs(): Promise<BatchPairs> {
    const { logps, lengths } = this.#batch!;
    const [chosen, rejected, referenceChosen, referenceRejected] = await logps.array();
    return {
      policy: { chosen: chosen!, rejected: rejected! },
      reference: { chosen: referenceChosen!, rejected: referenceRejected! },
      lengths,
    };
  }

  /** Reports the loss of the held-out pairs, and the policy's answers to their questions. */
  async #evaluate(phase: Phase, step: number, objective: Objective): Promise<void> {
    const heldOut = this.#heldOut;
    this.#isEvaluating = true;
    try {
      const metrics = await evaluate(objective, heldOut, this.options.batchSize);
      const answers = await this.#answers(this.#policy!);
      const right = heldOut.filter((pair, i) => isRight(pair, answers[i]!)).length / heldOut.length;
      this.surroundings.report({ type: 'evaluation', phase, step, metrics: { ...metrics, 'answers/right': right } });
      this.#reportAnswers(answers);
    } finally {
      this.#isEvaluating = false;
    }
  }

  #answers(model: TinyGpt): Promise<number[][]> {
    return answersOf(model, this.#heldOut, TASK.answerTokens);
  }

  #reportAnswers(answers: readonly (readonly number[])[]): void {
    const { textOf } = this.#data;
    const shown = this.#heldOut.slice(0, SHOWN).map((pair, i) => ({
      question: textOf(promptOf(pair)),
      expected: textOf(pair.chosen.tokens.slice(promptOf(pair).length)),
      // During fine-tuning, the reference is still to come.
      before: textOf((this.#before ?? answers)[i]!),
      ...(this.#before && { after: textOf(answers[i]!) }),
    }));
    this.surroundings.report({ type: 'answers', answers: shown });
  }
}

const mapPair = <R>(f: (side: 'chosen' | 'rejected') => R): Pair<R> => ({ chosen: f('chosen'), rejected: f('rejected') });

/** Returns log-probs as `[4, B]`, times the lengths if they are means. */
function sumsOf({ policy, reference }: PolicyAndReference, lengths: Pair<readonly number[]> | undefined): tf.Tensor2D {
  const logps = tf.stack([policy.chosen, policy.rejected, reference.chosen, reference.rejected]) as tf.Tensor2D;
  if (!lengths) return logps;
  const { chosen, rejected } = lengths;
  return tf.mul(logps, tf.tensor2d([chosen, rejected, chosen, rejected] as number[][]));
}
