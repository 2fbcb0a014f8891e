import * as tf from '@tensorflow/tfjs';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdamW, loadCheckpoint, saveCheckpoint } from '../../src/index.js';
import { edited, parts, stateOf, type Header } from '../support/checkpoints.js';
import { execute, pythonWithSafetensors } from '../support/pythonWithSafetensors.js';

const python = await pythonWithSafetensors();
if ('skipped' in python) console.log(`Skipped: checkpoints read and written by Python: ${python.skipped}`);
const SCRIPT = fileURLToPath(new URL('rewriteSafetensors.py', import.meta.url));

// The file format, as the package of its authors has it.
describe.skipIf('skipped' in python)('the safetensors package of Python', () => {
  const folder = mkdtempSync(join(tmpdir(), 'prefloss-safetensors-'));
  const [ours, theirs] = [join(folder, 'ours.safetensors'), join(folder, 'theirs.safetensors')];
  beforeAll(async () => tf.setBackend('cpu'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const run = async (...files: string[]) => {
    const { stdout } = await execute((python as { command: string }).command, [SCRIPT, ...files]);
    return JSON.parse(stdout) as Record<string, { dtype: string; shape: number[]; hex: string }>;
  };

  /** A policy of all dtypes, of which a bool has a size that no word divides, and an optimizer of some of them. */
  const model = (scale: number) => {
    const policy = [
      tf.variable(tf.tensor1d([1, 0, 1, 1, 0].map((x) => x * scale), 'bool')),
      tf.variable(tf.tensor2d([[0.1, -2], [3e-30, 4]].map((row) => row.map((x) => x * scale)))),
      tf.variable(tf.scalar(-7 * scale, 'int32')),
      tf.variable(tf.zeros([0, 3])),
    ]; // prettier-ignore
    const optimizer = new AdamW();
    optimizer.applyGradients({ [policy[1]!.name]: tf.tensor2d([[scale, 1], [2, 3]]) }); // prettier-ignore
    return { policy, optimizer };
  };

  it('reads our file, and writes it, in its order of tensors, as one that we read', async () => {
    const { policy, optimizer } = model(1);
    const bytes = await saveCheckpoint({ policy, optimizer }, { step: 1, name: 'é "q" \n \u2028' });
    writeFileSync(ours, bytes);
    const read = await run(ours, theirs);
    const { header, data } = parts(bytes);
    const expected = Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(([name, { dtype, shape, data_offsets: offsets }]) => {
        const [from, to] = offsets as [number, number];
        return [name, { dtype, shape, hex: Buffer.from(data.subarray(from, to)).toString('hex') }];
      });
    expect(read).toEqual(Object.fromEntries(expected));
    const written = readFileSync(theirs);
    const order = (file: Uint8Array) => Object.keys(parts(file).header);
    expect(order(written)).not.toEqual(order(bytes));
    expect(order(written).sort()).toEqual(order(bytes).sort());
    const again = model(0);
    expect(await loadCheckpoint(written, again)).toEqual({ step: 1, name: 'é "q" \n \u2028' });
    const [a, b] = [await stateOf(policy, optimizer), await stateOf(again.policy, again.optimizer)] as Record<string, unknown[][]>[];
    expect(b!.policy).toEqual(a!.policy);
    const values = (state: Record<string, unknown[][]>) => state.optimizer!.map(([, value]) => value);
    expect(values(b!)).toEqual(values(a!));
  });

  it.each([
    ['a gap', (header: Header, data: Uint8Array) => { header['policy.1']!.data_offsets = [2, 6]; return new Uint8Array([...data, 0, 0]); }], // prettier-ignore
    ['an overlap', (header: Header, data: Uint8Array) => { header['policy.1']!.data_offsets = [0, 4]; return data.subarray(0, 4); }], // prettier-ignore
    ['bytes that follow', (_: Header, data: Uint8Array) => new Uint8Array([...data, 0])],
    ['data that is cut short', (_: Header, data: Uint8Array) => data.subarray(0, -1)],
    ['another size', (header: Header) => { header['policy.0']!.shape = [2]; }], // prettier-ignore
  ])('refuses %s, and so do we', async (_, change) => {
    const policy = [tf.variable(tf.tensor1d([1])), tf.variable(tf.tensor1d([2]))];
    const file = edited(await saveCheckpoint({ policy }), change);
    writeFileSync(ours, file);
    await expect(run(ours)).rejects.toThrow('SafetensorError');
    await expect(loadCheckpoint(file, { policy })).rejects.toThrow(/^loadCheckpoint: /);
  });
});
