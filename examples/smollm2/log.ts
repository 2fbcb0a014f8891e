import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MetricsRecord } from '../train-tiny-gpt/metricsLog.js';
import type { BackendName } from '../train-tiny-gpt/backend.js';

type Writer = (record: MetricsRecord) => void;

/** Writes metrics to TensorBoard's event files where tfjs-node runs, which can, and to lines of JSON elsewhere. */
export async function openLog(folder: string, backend: BackendName, append: boolean): Promise<Writer> {
  if (backend === 'tfjs-node') {
    const { node } = await import('@tensorflow/tfjs-node');
    const writers = new Map(['batch', 'validation'].map((on) => [on, node.summaryFileWriter(join(folder, 'events', on))]));
    return ({ on, step, metrics }) => {
      const writer = writers.get(on)!;
      for (const [name, value] of Object.entries(metrics)) writer.scalar(name, value, step);
      writer.flush();
    };
  }
  const path = join(folder, 'metrics.jsonl');
  if (!append) writeFileSync(path, '');
  return ({ metrics, ...rest }) => {
    appendFileSync(path, `${JSON.stringify({ ...rest, ...metrics })}\n`);
  };
}
