import { describe, expect, it } from 'vitest';
import { hinge, lossNamed, losses, type PairLogps } from '../src/index.js';
import { pairLogps } from './support/samples.js';
import { expectSame } from './support/expectSame.js';

describe('losses', () => {
  it('has nothing but losses', () => {
    const all = losses as Readonly<Record<string, unknown>>;
    for (const name of ['toString', 'constructor', 'hasOwnProperty', '__proto__']) expect(all[name]).toBeUndefined();
  });
});

describe('lossNamed', () => {
  it('gives a loss under a type that can be called', async () => {
    const config = { loss: 'hinge', options: { beta: 0.25 } };
    const { loss, kind } = lossNamed(config.loss);
    expect(kind).toBe('pairs');
    await expectSame(loss(pairLogps(), config.options), hinge(pairLogps(), { beta: 0.25 }));
  });

  it('has types for every kind of batch', () => {
    const { loss } = lossNamed('kto');
    const values: number[] = loss({ policy: [-1], reference: [-2], desirable: [true], kl: 0 });
    const pairs: PairLogps<number[]> = { policy: { chosen: [-1], rejected: [-2] }, reference: { chosen: [-1], rejected: [-2] } };
    const ofPairs: number[] = lossNamed('dpo').loss(pairs);
    const ofLists: number[] = lossNamed('plackettLuce')
      .loss<number[] | number[][]>({ policy: [[-1, -2]], reference: [[-1, -2]] })
      .flat();
    expect([values, ofPairs, ofLists].map((x) => x.length)).toEqual([1, 1, 1]);
    // @ts-expect-error -- a misspelt field
    expect(() => loss({ policy: [-1], referense: [-2] })).toThrow(TypeError);
  });

  it('refuses other names', () => {
    const message = /^lossNamed: name must be one of dpo, .*, bradleyTerry, got /;
    expect(() => lossNamed('dpoo')).toThrow(message);
    expect(() => lossNamed('toString')).toThrow(new RegExp(`${message.source}"toString"$`));
    expect(() => lossNamed(undefined as never)).toThrow(RangeError);
  });
});
