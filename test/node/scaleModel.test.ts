import { describe, expect, it } from 'vitest';
import { adapterWeightsOf, DECODERS, weightsOf } from '../../bench/scale/languageModels.js';
import { allReduceTime, bandwidthOf, efficiency, leastTokens, stepTime } from '../../bench/scale/model.js';

const training = { operations: 6, weights: 1e6, trained: 1e5, tokens: 1000 };
const processor = { rate: 1e9, copyRate: 1e8 };
const network = { bandwidth: 1e6, latency: 1e-3 };
const perfect = { bandwidth: Infinity, latency: 0 };

describe('the model of a step', () => {
  it('is compute alone for one worker', () => {
    expect(stepTime(1, training, processor, network)).toEqual({ compute: 6, copy: 0, exchange: 0, total: 6 });
    expect(efficiency(1, training, processor, network)).toBe(1);
  });

  it('shares out the compute, and adds the copies and the exchange', () => {
    // 400 kB: 4 ms of copies; 2 * 3/4 of the bytes at 1 MB/s, and 2 * 2 rounds of 1 ms.
    const { compute, copy, exchange, total } = stepTime(4, training, processor, network);
    expect(compute).toBe(1.5);
    expect(copy).toBeCloseTo(0.004, 12);
    expect(exchange).toBeCloseTo(0.6 + 0.004, 12);
    expect(total).toBe(compute + copy + exchange);
    expect(efficiency(4, training, processor, network)).toBeCloseTo(1.5 / 2.108, 12);
  });

  it('is linear in the number of workers if nothing is lost between them', () => {
    const fast = { ...processor, copyRate: Infinity };
    for (const workers of [2, 3, 64]) expect(workers * stepTime(workers, training, fast, perfect).total).toBeCloseTo(6, 12);
  });

  it('sends each byte twice at most, in rounds that double', () => {
    expect(allReduceTime(2, 1e6, perfect)).toBe(0);
    expect(allReduceTime(2, 1e6, network)).toBeCloseTo(1 + 0.002, 12);
    expect(allReduceTime(64, 0, network)).toBeCloseTo(0.012, 12);
    expect(allReduceTime(3, 0, network)).toBe(allReduceTime(4, 0, network));
    expect(allReduceTime(1e6, 1e6, { ...network, latency: 0 })).toBeCloseTo(2, 5);
    expect(allReduceTime(3, 1e6, { bandwidth: bandwidthOf(3, 1e6, 0.25), latency: 0 })).toBeCloseTo(0.25, 12);
  });

  it('reaches an efficiency with as many tokens as it says', () => {
    for (const share of [0.5, 0.8])
      for (const workers of [2, 64]) {
        const tokens = workers * leastTokens(share, workers, training, processor, network);
        expect(efficiency(workers, { ...training, tokens }, processor, network)).toBeCloseTo(share, 12);
      }
  });
});

describe('the models of the plan', () => {
  // The numbers of parameters that the model hub shows for their weights.
  it.each([
    ['SmolLM2 135M', 134_515_008],
    ['SmolLM2 360M', 361_821_120],
    ['SmolLM2 1.7B', 1_711_376_384],
    ['Llama 3.1 8B', 8_030_261_248],
  ] as const)('%s has %d weights', (name, weights) => {
    expect(weightsOf(DECODERS[name])).toBe(weights);
  });

  it('have adapters of rank * (inputs + outputs) on every matrix of a block', () => {
    // Two of [576, 576] and two of [576, 192] in the attention, three of 576 and 1536 in the MLP, in 30 blocks.
    expect(adapterWeightsOf(DECODERS['SmolLM2 135M'], 16)).toBe(30 * 16 * (2 * 1152 + 2 * 768 + 3 * 2112));
  });
});
