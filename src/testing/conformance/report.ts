import { reasonOf } from '../../backend/describe.js';
import type { ConformanceCheck } from './backendConformance.js';

/** A check that failed. */
export interface ConformanceFailure {
  /** The part of the contract that the check belongs to. */
  readonly group: string;
  /** What was checked. */
  readonly name: string;
  /** What is wrong. */
  readonly message: string;
}

/** A check that passed. */
export interface ConformancePass {
  /** The part of the contract that the check belongs to. */
  readonly group: string;
  /** What was checked. */
  readonly name: string;
  /** The largest error in units of the engine's precision, as `measure` of the check gives it. */
  readonly error?: number;
}

/** How many checks of a group passed and failed. */
export interface ConformanceCounts {
  /** Checks that passed. */
  readonly passed: number;
  /** Checks that failed. */
  readonly failed: number;
}

/** The result of {@link conformanceReport}; all of it can be written as JSON. */
export class ConformanceReport {
  constructor(
    /** The number of checks of each group that passed, and that failed. */
    readonly groups: Readonly<Record<string, ConformanceCounts>>,
    /** The checks that failed, in the order in which they ran. */
    readonly failures: readonly ConformanceFailure[],
    /** The checks that passed, in the same order, with their errors. */
    readonly passes: readonly ConformancePass[],
  ) {}

  /** Whether all checks passed. */
  get conforms(): boolean {
    return this.failures.length === 0;
  }

  /** The report as text. */
  toString(): string {
    const groups = Object.entries(this.groups);
    const width = Math.max(0, ...groups.map(([name]) => name.length));
    return [
      ...groups.map(([name, { passed, failed }]) => `${name.padEnd(width)}  ${passed} passed, ${failed} failed`),
      ...this.failures.map(({ group, name, message }) => `\n${group} > ${name}\n${message}`),
      ...(this.conforms ? ['The engine conforms to the contract.'] : []),
    ].join('\n');
  }
}

/**
 * Runs all checks, one after the other.
 *
 * @param checks - Those of `backendConformance`.
 * @returns The counts, failures and errors; `String(report)` is text, `JSON.stringify(report)` JSON.
 */
export async function conformanceReport(checks: Iterable<ConformanceCheck>): Promise<ConformanceReport> {
  const groups: Record<string, { passed: number; failed: number }> = {};
  const failures: ConformanceFailure[] = [];
  const passes: ConformancePass[] = [];
  for (const { group, name, measure } of checks) {
    const counts = (groups[group] ??= { passed: 0, failed: 0 });
    try {
      const error = await measure();
      counts.passed++;
      passes.push({ group, name, ...(error !== undefined && { error }) });
    } catch (error) {
      counts.failed++;
      failures.push({ group, name, message: reasonOf(error) });
    }
  }
  return new ConformanceReport(groups, failures, passes);
}
