// Prints the report of an engine: `npm run conformance -- --engine cpu`; also arrays, tensors, wasm, tfjs-node. It exits with 1 if a
// check fails. The other engines run in the tests: `npx vitest --project webgpu test/backend/conformance.test.ts`.
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { arrays } from '../../src/backend/arrays/arrays.js';
import { tensors } from '../../src/backend/arrays/tensors.js';
import { backendConformance, conformanceReport, type EngineUnderTest, type LossGoldens } from '../../src/testing/index.js';

const BACKENDS = { cpu: 'cpu', wasm: 'wasm', 'tfjs-node': 'tensorflow' } as const;
const NAMES = ['arrays', 'tensors', ...Object.keys(BACKENDS)];

/** The command does not know the type of the tensors. */
const anyEngine = <T>(engine: EngineUnderTest<T>): EngineUnderTest<never> => engine as unknown as EngineUnderTest<never>;

async function engineNamed(name: string): Promise<EngineUnderTest<never>> {
  if (name === 'arrays') return anyEngine({ backend: arrays, tensor: (values) => values, read: (x) => arrays.peek(x)! });
  if (name === 'tensors') {
    return anyEngine({ backend: tensors, tensor: (values, dtype) => tensors.constant(values, dtype), read: (x) => tensors.peek(x)! });
  }
  if (!(name in BACKENDS)) throw new RangeError(`--engine must be one of ${NAMES.join(', ')}, got ${name}`);
  if (name === 'tfjs-node') await (await import('../tfjs-node.js')).loadTfjsNode();
  const tf = await import('@tensorflow/tfjs');
  if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  const { tfjs } = await import('../../src/tfjs/adapter.js');
  await tf.setBackend(BACKENDS[name as keyof typeof BACKENDS]);
  const dtypes = { float: 'float32', int: 'int32', bool: 'bool' } as const;
  return anyEngine({
    backend: tfjs,
    tensor: (values, dtype) => tf.tensor(values as never, undefined, dtypes[dtype]),
    read: (x) => x.data(),
    liveTensors: () => tf.memory().numTensors,
  });
}

const goldens = new URL('../../test/goldens/', import.meta.url);
const files = readdirSync(goldens).map((file): [string, LossGoldens] => [
  file.replace('.json', ''),
  JSON.parse(readFileSync(new URL(file, goldens), 'utf8')) as LossGoldens,
]);

process.env.TF_CPP_MIN_LOG_LEVEL = '2'; // hides messages about the processor
const { values } = parseArgs({ options: { engine: { type: 'string', default: 'cpu' } } });
const report = await conformanceReport(backendConformance(await engineNamed(values.engine), { goldens: Object.fromEntries(files) }));
console.log(String(report));
if (!report.conforms) process.exitCode = 1;
