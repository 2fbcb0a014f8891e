import { describe, it } from 'vitest';
import { levanterMetrics, levanterSimpoMetrics, logOdds, ops, pairMetrics, readMetrics, unpairedMetrics } from '../../src/index.js';
import golden from '../goldens/metrics.json' with { type: 'json' };
import { tensor, type X } from '../support/engine.js';
import { fromFour } from '../support/samples.js';
import { expectMetrics } from '../support/metrics.js';

type Fields = Record<string, number[]>;

const records = golden.records.filter((r) => !r.input.endsWith('logits')).map((r) => [`${r.source} on ${r.input}`, r] as const);

describe.each(records)('%s', (_, record) => {
  const x = (golden.inputs as unknown as Record<string, Fields>)[record.input]!;
  const { loss, ...options } = record.options;
  const wanted = record.outputs.metrics as Record<string, number>;

  it.runIf(loss === 'dpo')('returns the metrics of its pairs', async () => {
    const logps = fromFour(tensor(x.policyChosen!), tensor(x.policyRejected!), tensor(x.referenceChosen!), tensor(x.referenceRejected!));
    const levanter = Object.keys(wanted).some((name) => name.startsWith('dpo_'));
    const metrics = levanter ? levanterMetrics<X>(logps, options) : pairMetrics<X>(logps, options);
    expectMetrics(await readMetrics(metrics), wanted);
  });

  const free = () => ({ chosen: tensor(x.chosen!), rejected: tensor(x.rejected!) });

  it.runIf(loss === 'simpo' || loss === 'alphaPo')('returns the metrics of its pairs without a reference', async () => {
    const ratio = options.gammaBetaRatio;
    const metrics = ratio === undefined ? pairMetrics<X>({ policy: free() }, options) : levanterSimpoMetrics<X>(free(), { beta: options.beta!, gammaBetaRatio: ratio }); // prettier-ignore
    expectMetrics(await readMetrics(metrics), wanted);
  });

  it.runIf(loss === 'orpo')('returns the metrics of ORPO', async () => {
    const odds = logOdds<X>(free());
    const metrics = {
      ...pairMetrics<X>({ policy: free() }, { beta: options.lambda! }),
      log_odds_chosen: ops.mean(odds),
      log_odds_ratio: ops.mean(ops.logSigmoid(odds)),
    };
    expectMetrics(await readMetrics(metrics), wanted);
  });

  it.runIf(loss === 'kto')('returns the metrics of its examples', async () => {
    const batch = { policy: tensor(x.policy!), reference: tensor(x.reference!), desirable: tensor(x.desirable!) };
    const metrics = await readMetrics(unpairedMetrics<X>(batch, { beta: options.beta! }));
    const own = Object.fromEntries(Object.entries(metrics).filter(([name]) => !name.startsWith('count/')));
    expectMetrics(own, Object.fromEntries(Object.entries(wanted).filter(([name]) => name !== 'kl')));
  });
});
