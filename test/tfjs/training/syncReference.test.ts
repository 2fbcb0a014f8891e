import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Bema, frozenCopy, loadCheckpoint, saveCheckpoint, syncReference, type BemaOptions } from '../../../src/index.js';
import { expectClose, type Values } from '../../../src/testing/index.js';
import golden from './training.json' with { type: 'json' };
import { stateOf } from '../../support/checkpoints.js';
import { epsilon, expectError, liveTensors, read, isTfjs } from '../../support/engine.js';
import { variables } from '../../support/variables.js';

describe.runIf(isTfjs)('syncReference and Bema', () => {
  it.each(golden.soft.map((record) => [record.alpha, record] as const))(
    "equal TRL's soft update at alpha %d",
    async (alpha, { reference: expected }) => {
      const [policy, reference] = [variables(golden.start), variables(golden.gradients[0]!)];
      const before = liveTensors();
      syncReference(reference, policy, { alpha });
      expect(liveTensors()).toBe(before);
      for (const [i, w] of reference.entries())
        expectClose((await read(w)) as Values, expected[i] as Values, { relative: epsilon, absolute: epsilon });
      policy[0]!.assign(tf.zerosLike(policy[0]! as tf.Tensor));
      expectClose((await read(reference[0])) as Values, expected[0] as Values, { relative: epsilon, absolute: epsilon });
    },
  );

  it.each(golden.bema.map((record) => [JSON.stringify(record.options), record] as const))(
    "equal TRL's BEMA with %s",
    async (_, { options, updates }) => {
      const camel = Object.fromEntries(
        Object.entries(options).map(([key, value]) => [key.replace(/_(.)/g, (__, c: string) => c.toUpperCase()), value]),
      ) as BemaOptions;
      const policy = variables(golden.start);
      const reference = frozenCopy(policy);
      const before = liveTensors();
      const bema = new Bema(policy, camel);
      for (const [i, expected] of updates.entries()) {
        tf.tidy(() => {
          policy.forEach((w, n) => {
            w.assign(tf.add(w as tf.Tensor, tf.tensor(golden.gradients[i]![n]!)));
          });
        });
        bema.update(i + 1, reference);
        for (const [n, w] of reference.entries())
          expectClose((await read(w)) as Values, expected[n] as Values, { relative: 8 * epsilon, absolute: 8 * epsilon });
      }
      bema.dispose();
      expect(liveTensors()).toBe(before);
    },
  );

  it('continue from a saved Bema', async () => {
    const policy = variables(golden.start);
    const [one, other] = [frozenCopy(policy), frozenCopy(policy)];
    const bema = new Bema(policy);
    policy[0]!.assign(tf.zerosLike(policy[0]! as tf.Tensor));
    bema.update(1, one);
    const again = new Bema(policy);
    await loadCheckpoint(await saveCheckpoint({ policy: bema.variables }), { policy: again.variables });
    policy[1]!.assign(tf.onesLike(policy[1]! as tf.Tensor));
    bema.update(2, one);
    again.update(2, other);
    for (const [i, w] of one.entries()) expect(await read(other[i])).toEqual(await read(w));
    bema.dispose();
    again.dispose();
  });

  it('name bad input', () => {
    const policy = variables(golden.start);
    expectError(() => { syncReference(policy.slice(1), policy); }, RangeError, 'syncReference: reference has 1 variables, expected 2 like policy'); // prettier-ignore
    expectError(() => { syncReference([...policy].reverse(), policy); }, RangeError, `syncReference: reference[0] has shape [2], expected [2, 3] like ${policy[0]!.name}`); // prettier-ignore
    expectError(() => { syncReference(policy, policy, { alpha: 1.5 }); }, RangeError, 'syncReference: alpha must be in [0, 1], got 1.5'); // prettier-ignore
    expectError(() => { syncReference(policy, policy, { alfa: 1 } as never); }, RangeError, 'syncReference: unknown option alfa, expected alpha'); // prettier-ignore
    const options: readonly [keyof BemaOptions, string][] = [
      ['emaPower', 'finite and >= 0'],
      ['biasPower', 'finite and >= 0'],
      ['lag', 'finite and > 0'],
      ['multiplier', 'finite and > 0'],
      ['minEmaMultiplier', 'in [0, 1]'],
    ];
    for (const [name, words] of options)
      expectError(() => new Bema(policy, { [name]: -1 }), RangeError, `Bema: ${name} must be ${words}, got -1`);
    expectError(() => new Bema(policy, { power: 1 } as never), RangeError, 'Bema: unknown option power, expected emaPower, biasPower, lag, multiplier, minEmaMultiplier'); // prettier-ignore
    const [gone, kept] = [variables([[1]]), variables([[1]])];
    const ofGone = new Bema(gone);
    tf.dispose(gone);
    expectError(() => { ofGone.update(1, kept); }, TypeError, `Bema: policy[0], ${gone[0]!.name}, is disposed`); // prettier-ignore
    const disposed = new Bema(kept);
    disposed.dispose();
    expectError(() => { disposed.update(1, kept); }, TypeError, `Bema: variables[0], ${disposed.variables[0]!.name}, is disposed`); // prettier-ignore
    ofGone.dispose();
    const bema = new Bema(policy);
    expectError(() => { bema.update(-1, policy); }, RangeError, 'Bema: step must be an integer >= 0, got -1'); // prettier-ignore
    expectError(() => { bema.update(1, []); }, RangeError, 'Bema: target has 0 variables, expected 2 like policy'); // prettier-ignore
    bema.dispose();
  });

  it('change nothing if the last variable is wrong', async () => {
    const float = () => tf.variable(tf.tensor1d([1, 2]));
    const whole = () => tf.variable(tf.tensor1d([3, 4], 'int32'));
    const gone = float();
    gone.dispose();
    const policy = [tf.variable(tf.tensor1d([5, 6])), float()];
    const bema = new Bema(policy);
    policy[0]!.assign(tf.tensor1d([7, 8]));
    const cases: [tf.Variable, typeof TypeError, string][] = [
      [whole(), TypeError, `[1] has dtype int32, expected float32 like ${policy[1]!.name}`],
      [variables([[1]])[0]!, RangeError, `[1] has shape [1], expected [2] like ${policy[1]!.name}`],
      [gone, TypeError, `[1], ${gone.name}, is disposed`],
    ];
    for (const [last, kind, message] of cases) {
      const first = float();
      const before = await stateOf([first, ...bema.variables]);
      for (const alpha of [1, 0.5]) expectError(() => { syncReference([first, last], policy, { alpha }); }, kind, `syncReference: reference${message}`); // prettier-ignore
      expectError(() => { bema.update(1, [first, last]); }, kind, `Bema: target${message}`); // prettier-ignore
      expect(await stateOf([first, ...bema.variables])).toEqual(before);
    }
    bema.dispose();
    // A mean of integers is none: they can only be copied.
    const [a, b] = [[float(), whole()], [float(), tf.variable(tf.tensor1d([9, 9], 'int32'))]]; // prettier-ignore
    const before = await stateOf(a!);
    expectError(() => { syncReference(a!, b!, { alpha: 0.5 }); }, TypeError, 'syncReference: policy[1] has dtype int32, expected float32'); // prettier-ignore
    expectError(() => new Bema(b!), TypeError, 'Bema: policy[1] has dtype int32, expected float32');
    expect(await stateOf(a!)).toEqual(before);
    syncReference(a!, b!);
    expect(await read(a![1])).toEqual([9, 9]);
  });
});
