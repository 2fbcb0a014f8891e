import { describe, expect, it } from 'vitest';
import { hinge, lossNamed } from '../src/index.js';
import { pairLogps } from './support/samples.js';
import { expectSame } from './support/expectSame.js';

describe('lossNamed', () => {
  it('gives a loss under a type that can be called', async () => {
    const config = { loss: 'hinge', options: { beta: 0.25 } };
    const { loss, kind } = lossNamed(config.loss);
    expect(kind).toBe('pairs');
    await expectSame(loss(pairLogps(), config.options), hinge(pairLogps(), { beta: 0.25 }));
  });

  it('refuses other names', () => {
    const message = /^lossNamed: name must be one of dpo, .*, bradleyTerry, got /;
    expect(() => lossNamed('dpoo')).toThrow(message);
    expect(() => lossNamed('toString')).toThrow(new RegExp(`${message.source}"toString"$`));
    expect(() => lossNamed(undefined as never)).toThrow(RangeError);
  });
});
