import { appendFileSync, writeFileSync } from 'node:fs';
import type { Metrics } from './train.js';

/** One line of `metrics.jsonl`. */
export interface MetricsRecord {
  /** `sft`, or the name of the preference loss. */
  readonly phase: string;
  /** One training batch, or a whole split. */
  readonly on: 'batch' | 'train' | 'validation';
  /** Number of updates made before these were measured. */
  readonly step: number;
  readonly metrics: Metrics;
}

/** Keeps metrics for the plot, and writes each to a file at once, so that a run can be watched and survives a crash. */
export class MetricsLog {
  readonly records: MetricsRecord[] = [];

  constructor(readonly path: string) {
    writeFileSync(path, '');
  }

  /** Adds a line. It holds no times, so that two runs of one seed give the same file. */
  add(record: MetricsRecord): void {
    this.records.push(record);
    const { metrics, ...rest } = record;
    appendFileSync(this.path, `${JSON.stringify({ ...rest, ...metrics })}\n`);
  }

  /** The first or the last metrics of a phase over a whole split. */
  at(end: 'first' | 'last', phase: string, on: 'train' | 'validation'): Metrics {
    const found = this.records.filter((r) => r.phase === phase && r.on === on);
    return found.at(end === 'first' ? 0 : -1)?.metrics ?? {};
  }
}
