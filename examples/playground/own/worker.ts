// Examines a variant of the user's. Runs in an isolated worker, which the page ends if it gives no answer.
import * as core from 'prefloss/core';
import * as testing from 'prefloss/testing';
import { axisOf } from '../../../tools/docs/axes.js';
import { compileVariant, type CompiledVariant } from './compile.js';
import type { Finding } from './messages.js';

const POINTS = 121;
const EXTREMES = [-1e5, -1e4, -1e3, 1e3, 1e4, 1e5];

// No margin is near a multiple of 1/2, where a loss may have a kink.
const PAIR = { chosen: [-31, -24.1, -45], rejected: [-28.3, -35, -41.1] };
const SAMPLES = {
  pairs: { policy: PAIR, reference: { chosen: [-33.2, -23.2, -46.3], rejected: [-29.4, -33.2, -38.3] } },
  referenceFreePairs: { chosen: [-1.2, -0.8, -2.1], rejected: [-1.1, -1.4, -1.9] },
};

const post = (finding: Finding): void => {
  postMessage(finding);
};

addEventListener('message', ({ data }: MessageEvent<string>) => {
  void examine(data);
});
post({ type: 'ready' });

async function examine(source: string): Promise<void> {
  let messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
  try {
    const variant = await compileVariant(source, { prefloss: core, 'prefloss/core': core, 'prefloss/testing': testing });
    messageOf = variant.messageOf;
    draw(variant);
    await checkGradients(variant);
    await report(variant);
    post({ type: 'done' });
  } catch (error) {
    post({ type: 'failed', message: messageOf(error) });
  }
}

function draw({ loss, kind }: CompiledVariant): void {
  const { label, domain, batch } = axisOf(kind === 'pairs' ? 'dpo' : 'simpo');
  const [low, high] = domain;
  const at = (x: number) => {
    const result = core.valueAndGrads((inputs) => ({ loss: core.ops.sum(loss<number[]>(batch(inputs.x))) }), { x: [x] });
    return { x, loss: result.loss, slope: result.grads.x[0]! };
  };
  const places = Array.from({ length: POINTS }, (_, i) => at(low + (i * (high - low)) / (POINTS - 1)));
  const points = (of: 'loss' | 'slope') => places.map((place) => [place.x, place[of]] as const);
  post({ type: 'curve', name: nameOf(loss), xLabel: label, loss: points('loss'), slope: points('slope') });
  post({ type: 'extremes', rows: EXTREMES.map(at) });
}

const nameOf = (loss: CompiledVariant['loss']): string => (loss.name === '' || loss.name === 'default' ? 'your loss' : loss.name);

async function checkGradients({ loss, kind, messageOf }: CompiledVariant): Promise<void> {
  try {
    const { gradientErrors } = await testing.checkGradients(loss, SAMPLES[kind]);
    const largest = Math.max(...Object.values(gradientErrors));
    const message = `The gradients agree with central differences; the largest error is ${largest.toExponential(1)}.`;
    post({ type: 'gradients', passed: true, message });
  } catch (error) {
    post({ type: 'gradients', passed: false, message: messageOf(error) });
  }
}

async function report({ loss, kind }: CompiledVariant): Promise<void> {
  const found = await testing.checkLoss(loss, kind);
  post({ type: 'report', problems: found.problems.length, text: String(found) });
}
