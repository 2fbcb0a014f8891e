import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackendName } from './backend.js';
import { writeWhole } from './files.js';

/** Metrics as plain numbers, by name. */
export type Metrics = Readonly<Record<string, number>>;

/** One entry of the log. */
export interface MetricsRecord {
  /** `sft`, or the name of the preference loss. */
  readonly phase: string;
  /** The data: one training batch, or a whole split. */
  readonly on: 'batch' | 'train' | 'validation';
  /** Number of updates before the measurement. */
  readonly step: number;
  readonly metrics: Metrics;
}

/** Options of {@link MetricsLog.open}. */
export interface LogOptions {
  readonly folder: string;
  readonly backend: BackendName;
  /** Whether to continue an existing log. Default false, a new log. */
  readonly resume?: boolean;
}

type Writer = (record: MetricsRecord) => void;

/**
 * Keeps metrics for the plot and writes each entry immediately, so that a run can be watched and its metrics survive a crash. An entry is a
 * line of `metrics.jsonl`; on tfjs-node, which can write TensorBoard's files, it also goes to `events/`.
 */
export class MetricsLog {
  private constructor(
    private readonly path: string,
    readonly records: MetricsRecord[],
    private readonly writers: readonly Writer[],
  ) {}

  static async open({ folder, backend, resume = false }: LogOptions): Promise<MetricsLog> {
    const path = join(folder, 'metrics.jsonl');
    const lines: Writer = (record) => {
      appendFileSync(path, lineOf(record));
    };
    const writers = backend === 'tfjs-node' ? [lines, await tensorBoard(join(folder, 'events'))] : [lines];
    const log = new MetricsLog(path, resume ? readRecords(path) : [], writers);
    log.rewrite();
    return log;
  }

  /** Removes the entries of a phase from a number of updates on, which a resumed run measures again. */
  rewind(phase: string, step: number): void {
    this.records.splice(0, Infinity, ...this.records.filter((record) => record.phase !== phase || record.step < step));
    this.rewrite();
  }

  private rewrite(): void {
    writeWhole(this.path, this.records.map(lineOf).join(''));
  }

  add(record: MetricsRecord): void {
    this.records.push(record);
    for (const write of this.writers) write(record);
  }

  /** First or last metrics of a phase, or those after a number of updates, on batches or on a whole split; empty if there are none. */
  at(place: 'first' | 'last' | number, phase: string, on: MetricsRecord['on']): Metrics {
    const found = this.records.filter((r) => r.phase === phase && r.on === on && (typeof place === 'string' || r.step === place));
    return found.at(place === 'first' ? 0 : -1)?.metrics ?? {};
  }
}

/** Lines contain no times, so that two runs with the same seed write the same file. */
const lineOf = ({ metrics, ...rest }: MetricsRecord): string => `${JSON.stringify({ ...rest, ...metrics })}\n`;

/** Reads the complete lines of a log, without a last line that a crash cut off. Returns no records if there is no log. */
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

/** Writes TensorBoard's event files, with a folder for each phase and data set, which become curves of the same chart. */
async function tensorBoard(folder: string): Promise<Writer> {
  const { node } = await import('@tensorflow/tfjs-node');
  return ({ phase, on, step, metrics }) => {
    const writer = node.summaryFileWriter(join(folder, phase, on));
    for (const [name, value] of Object.entries(metrics)) writer.scalar(name, value, step);
    writer.flush();
  };
}
