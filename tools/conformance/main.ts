// Prints the report of an engine: `npm run conformance -- --engine cpu`; also arrays, tensors, wasm, tfjs-node. It exits with 1 if a
// check fails. `npm run support` runs all engines.
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { backendConformance, conformanceReport, type EngineUnderTest, type LossGoldens } from '../../src/testing/index.js';

const BACKENDS = { cpu: 'cpu', wasm: 'wasm', 'tfjs-node': 'tensorflow' } as const;
const NAMES = ['arrays', 'tensors', ...Object.keys(BACKENDS)];

/** The engine as the tests use it. The command does not know the type of its tensors. */
async function engineNamed(name: string): Promise<EngineUnderTest<unknown>> {
  if (!NAMES.includes(name)) throw new RangeError(`--engine must be one of ${NAMES.join(', ')}, got ${name}`);
  const of = (module: { readonly engineUnderTest: unknown }) => module.engineUnderTest as EngineUnderTest<unknown>;
  if (name === 'arrays') return of(await import('../../test/support/engines/arrays.js'));
  if (name === 'tensors') return of(await import('../../test/support/engines/tensors.js'));
  if (name === 'tfjs-node') await (await import('../tfjs-node.js')).loadTfjsNode();
  const tf = await import('@tensorflow/tfjs');
  if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend(BACKENDS[name as keyof typeof BACKENDS]);
  return of(await import('../../test/support/engines/tfjs.js'));
}

const goldens = new URL('../../test/goldens/', import.meta.url);
const names = readdirSync(goldens).filter((file) => file.endsWith('.json'));
const files = names.map((file): [string, LossGoldens] => [
  file.replace('.json', ''),
  JSON.parse(readFileSync(new URL(file, goldens), 'utf8')) as LossGoldens,
]);

process.env.TF_CPP_MIN_LOG_LEVEL = '2'; // hides messages about the processor
const { values } = parseArgs({ options: { engine: { type: 'string', default: 'cpu' } } });
const report = await conformanceReport(backendConformance(await engineNamed(values.engine), { goldens: Object.fromEntries(files) }));
console.log(String(report));
if (!report.conforms) process.exitCode = 1;
