import { describe, it } from 'vitest';
import { klEstimate, klStatistics, ops } from '../../src/index.js';
import golden from '../goldens/kto.json' with { type: 'json' };
import { expectAccurate, movedBy } from '../support/accuracy.js';
import { expectError, expectGradients, expectNoLeak, expectValues, read, tensor, type X } from '../support/engine.js';
import { cases } from '../support/goldens.js';
import { unpairedLogps, weight } from '../support/samples.js';

interface Inputs {
  readonly klPolicy: number[];
  readonly klReference: number[];
  readonly kl: number;
}

describe('klEstimate', () => {
  it.for(cases(golden).filter(([, r]) => r.source !== 'exact'))('%s', async ([, record], { task }) => {
    const { klPolicy, klReference, kl } = (golden.inputs as unknown as Record<string, Inputs>)[record.input]!;
    const estimate: X = klEstimate(unpairedLogps(klPolicy, klReference));
    await expectValues(estimate, (record.outputs as unknown as { kl: number }).kl, 400);
    const n = klPolicy.length;
    const [moved] = movedBy((x) => [klEstimate({ policy: x.slice(0, n), reference: x.slice(n) })], [...klPolicy, ...klReference]);
    const got = [(await read(estimate)) as number];
    expectAccurate(task.meta, 'klEstimate', record.input, { value: { got, exact: [kl], scale: () => kl + moved! } });
  });

  it('is the mean log-ratio, at least 0', async () => {
    await expectValues(klEstimate(unpairedLogps([-1, -2, -3], [-2, -4, -3])), 1);
    await expectValues(klEstimate(unpairedLogps([-3, -2], [-1, -1])), 0);
    await expectValues(klEstimate(unpairedLogps([-3], [-3])), 0);
  });

  it('is the same from the added statistics of two parts, clamped once', async () => {
    const [a, b] = [klStatistics<X>(unpairedLogps([-1, -2], [-4, -5])), klStatistics<X>(unpairedLogps([-9], [-8]))];
    await expectValues(a.sum, 6, 4);
    await expectValues(a.count, 2);
    const total = { sum: ops.add(a.sum, b.sum), count: ops.add(a.count, b.count) };
    await expectValues(klEstimate(total), 5 / 3, 4);
  });

  it('is 0 for an empty pool', async () => {
    await expectValues(klEstimate({ sum: tensor(0), count: tensor(0) }), 0);
  });

  it('is detached, and so is klStatistics', async () => {
    const inputs = [[-1, -2], [-2, -4]]; // prettier-ignore
    const ofLogps = (policy: X, reference: X) => klEstimate<X>({ policy, reference });
    const sumAlone = (policy: X, reference: X) => klStatistics<X>({ policy, reference }).sum;
    const ofStatistics = (policy: X, reference: X) => klEstimate<X>({ sum: ops.sum<X>(ops.sub(policy, reference)), count: tensor(2) });
    for (const f of [ofLogps, sumAlone, ofStatistics]) {
      // With a term that is not detached: some engines refuse to differentiate a constant.
      const beside = (policy: X, reference: X) => ops.add(f(policy, reference), ops.sum(policy));
      await expectGradients(beside, inputs, [[weight(0), weight(0)], [0, 0]]); // prettier-ignore
    }
  });

  it('leaks nothing, and names bad input', () => {
    const x = unpairedLogps([-1, -2], [-2, -4]);
    expectNoLeak(() => klEstimate(x));
    expectNoLeak(() => klStatistics(x), 2);
    const [one, flat] = [tensor([1]), tensor(1)];
    expectError(() => klEstimate({ ...x, reference: one }), RangeError, 'klEstimate: reference has shape [1], expected [2] like policy');
    expectError(() => klStatistics({ policy: flat, reference: flat }), RangeError, 'klStatistics: policy has shape [], expected rank 1');
    expectError(() => klEstimate({ sum: one, count: flat }), RangeError, 'klEstimate: sum has shape [1], expected rank 0');
    const two = tensor([1, 2]);
    expectError(() => klEstimate<X>({ sum: flat, count: two }), RangeError, 'klEstimate: count has shape [2], expected rank 0');
    expectError(
      () => klEstimate({ sum: flat, count: 'a' } as never),
      TypeError,
      'klEstimate: count is not a tensor: no registered engine owns "a"',
    );
    expectError(() => klEstimate({ sum: flat } as never), TypeError, 'klEstimate: statistics lacks count, expected { sum, count }');
    expectError(() => klEstimate(null as never), TypeError, 'klEstimate: logps is null, expected { policy, reference }');
    expectError(() => klEstimate(undefined as never), TypeError, 'klEstimate: logps is undefined, expected { policy, reference }');
  });
});
