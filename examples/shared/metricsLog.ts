import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackendName } from './backend.js';
import { writeWhole } from './files.js';

/** Metrics in plain numbers, by name. */
export type Metrics = Readonly<Record<string, number>>;

/** What is logged at once. */
export interface MetricsRecord {
  /** `sft`, or the name of the preference loss. */
  readonly phase: string;
  /** One training batch, or a whole split. */
  readonly on: 'batch' | 'train' | 'validation';
  /** Number of updates made before these were measured. */
  readonly step: number;
  readonly metrics: Metrics;
}

/** How {@link MetricsLog.open} opens a log. */
export interface LogOptions {
  readonly folder: string;
  readonly backend: BackendName;
  /** Goes on after so many updates: what was logged before them stays. */
  readonly from?: number;
}

type Writer = (record: MetricsRecord) => void;

/**
 * Keeps metrics for the plot, and writes each at once, so that a run can be watched and survives a crash: as a line of
 * `metrics.jsonl`, and on tfjs-node, which can, also for TensorBoard in `events/`.
 */
export class MetricsLog {
  private constructor(
    readonly records: MetricsRecord[],
    private readonly writers: readonly Writer[],
  ) {}

  static async open({ folder, backend, from = 0 }: LogOptions): Promise<MetricsLog> {
    const path = join(folder, 'metrics.jsonl');
    const records = from > 0 ? readRecords(path).filter(({ step }) => step < from) : [];
    writeWhole(path, records.map(lineOf).join(''));
    const lines: Writer = (record) => {
      appendFileSync(path, lineOf(record));
    };
    return new MetricsLog(records, backend === 'tfjs-node' ? [lines, await tensorBoard(join(folder, 'events'))] : [lines]);
  }

  add(record: MetricsRecord): void {
    this.records.push(record);
    for (const write of this.writers) write(record);
  }

  /** The first or the last metrics of a phase on batches or over a whole split. */
  at(end: 'first' | 'last', phase: string, on: MetricsRecord['on']): Metrics {
    const found = this.records.filter((r) => r.phase === phase && r.on === on);
    return found.at(end === 'first' ? 0 : -1)?.metrics ?? {};
  }
}

/** A line holds no times, so that two runs of one seed give the same file. */
const lineOf = ({ metrics, ...rest }: MetricsRecord): string => `${JSON.stringify({ ...rest, ...metrics })}\n`;

/** The whole lines of a log; what a crash left of the last one is passed over, as is a log that is not there. */
function readRecords(path: string): MetricsRecord[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const { phase, on, step, ...metrics } = JSON.parse(line) as Omit<MetricsRecord, 'metrics'> & Metrics;
      return { phase, on, step, metrics };
    });
}

/** TensorBoard's event files, a folder for each kind of record, so that they become curves of one chart. */
async function tensorBoard(folder: string): Promise<Writer> {
  const { node } = await import('@tensorflow/tfjs-node');
  return ({ phase, on, step, metrics }) => {
    const writer = node.summaryFileWriter(join(folder, phase, on));
    for (const [name, value] of Object.entries(metrics)) writer.scalar(name, value, step);
    writer.flush();
  };
}
