import { describe, expect, it } from 'vitest';
import { frozenCopy } from '../../src/index.js';
import { newGptTfjs } from '../../tools/models/gptTfjs.js';
import { ofLayers } from '../../tools/models/languageModel.js';
import { expectAligned, SIZES, TIMEOUT_MS } from '../support/alignment.js';
import { liveTensors, isTfjs } from '../support/engine.js';

// The arrays engine has no models and no gradients.
describe.runIf(isTfjs)('gpt-tfjs', () => {
  it('is aligned', { timeout: TIMEOUT_MS }, async ({ skip }) => {
    skip(typeof document !== 'undefined', 'gpt-tfjs assigns to a constant, which Vite refuses to bundle for a browser');
    const before = liveTensors();
    const policy = await newGptTfjs(SIZES);
    const reference = frozenCopy(policy);
    await expectAligned(ofLayers(policy), ofLayers(reference));
    policy.dispose();
    reference.dispose();
    // For each model, the package never frees the causal mask and the tensor of ones that the mask is made from.
    expect(liveTensors() - before).toBe(4);
  });
});
