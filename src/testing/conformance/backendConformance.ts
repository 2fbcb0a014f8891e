import type { Check } from './check.js';
import type { Errors } from './closeness.js';
import type { EngineUnderTest } from './engineUnderTest.js';
import { expectedOf } from './expected.js';
import { goldenChecks } from './goldens.js';
import { gradientChecks } from './gradients.js';
import type { LossGoldens } from './lossGoldens.js';
import { outOfRangeChecks } from './outOfRange.js';
import { memoryChecks } from './memory.js';
import { numberCases } from './numbers.js';
import { operations } from './operations.js';
import { readingChecks } from './reading.js';
import { modesOf, problemsOf } from './runCases.js';
import { subjectOf, whileRegistered, type Subject } from './subject.js';
import { tokenCases } from './tokens.js';
import type { CaseGroup } from './valueCase.js';

/** One check of an engine. */
export interface ConformanceCheck {
  /** What is checked, and how: under which transform, on which device. */
  readonly name: string;
  /** The part of the contract that it belongs to. */
  readonly group: string;
  /** Rejects with an Error that says what is wrong, for which inputs, and what was expected. */
  readonly run: () => Promise<void>;
  /**
   * Runs the check too, and resolves to the largest error of the values or gradients that it compares, in units of the engine's precision:
   * 2^-24 of a number in float32, 2^-53 in float64. It is `undefined` if all that the check compares must be exact.
   */
  readonly measure: () => Promise<number | undefined>;
}

let groups: readonly CaseGroup[] | undefined;
/** The cases of all engines. They are made once, as what is expected of each is kept with it. */
const caseGroups = (): readonly CaseGroup[] => (groups ??= [...operations(), ...numberCases(), ...tokenCases()]);

/** Most lines of a message. */
const MOST = 5;

/** Options of {@link backendConformance}. */
export interface ConformanceOptions {
  /** Results of losses of the catalogue, by name: those of other losses are not checked. */
  readonly goldens?: Readonly<Record<string, LossGoldens>>;
}

/**
 * The tests of an engine: checks of all that the doc comments of `Backend` promise.
 *
 * Every operation is computed for each rank, axis, kind, number on either side and broadcasting, and compared with the same on plain
 * arrays in float64: value, kind, shape and gradient. Further checks are about accuracy, NaN, scopes, memory, reading, tokens and losses.
 * All of them run on each device, and those of values within each transform. The engine is registered only while a check runs.
 *
 * @param engine - The engine, and the way that its users make and read tensors.
 * @param options - See {@link ConformanceOptions}.
 * @returns The checks, for any test framework; `conformanceReport` runs them without one.
 *
 * @example
 * ```js
 * // vitest; with node:test it is the same, `test` being its own
 * import { test } from 'vitest';
 * import { backendConformance } from 'prefloss/testing';
 * import { engine } from './my-engine.js';
 *
 * for (const { group, name, run } of backendConformance(engine)) test(`${group}: ${name}`, run);
 * ```
 *
 * @example
 * ```ts
 * import { backendOf, tensorOf, type DataTensor } from 'prefloss/core';
 * import { backendConformance, conformanceReport, type EngineUnderTest } from 'prefloss/testing';
 *
 * const backend = backendOf<DataTensor>(tensorOf(Float32Array.of(0)));
 * const engine: EngineUnderTest<DataTensor> = {
 *   backend,
 *   tensor: (values, dtype) => backend.constant(values, dtype),
 *   read: (x) => backend.peek(x)!,
 * };
 * const checks = [...backendConformance(engine)].filter(({ group }) => group === 'reading');
 * const report = await conformanceReport(checks);
 * console.log(report.conforms); // true
 * ```
 */
export function* backendConformance<T>(engine: EngineUnderTest<T>, { goldens = {} }: ConformanceOptions = {}): Generator<ConformanceCheck> {
  const subject = subjectOf(engine);
  const devices = Object.entries(engine.devices ?? { '': () => undefined });
  const checks = [
    ...readingChecks(),
    ...caseGroups().flatMap((group) => checksOfCases(subject, group)),
    ...outOfRangeChecks(),
    ...gradientChecks(subject),
    ...memoryChecks(),
    ...goldenChecks(subject, goldens),
  ];
  for (const [device, select] of devices) {
    for (const { name, group, prepare, problems } of checks) {
      const measure = async (): Promise<number | undefined> => {
        const errors: Errors = {};
        prepare?.();
        await select();
        await whileRegistered(subject, async () => {
          const found = await problems(subject, errors);
          if (found.length > 0) throw new Error(messageOf(found));
        });
        return errors.largest;
      };
      yield {
        name: device ? `${name} on ${device}` : name,
        group,
        measure,
        run: async () => {
          await measure();
        },
      };
    }
  }
}

function messageOf(problems: readonly string[]): string {
  const more = problems.length > MOST ? [`and ${problems.length - MOST} more`] : [];
  return [...problems.slice(0, MOST), ...more].join('\n');
}

/** One check for each way to compute the cases. */
function checksOfCases(subject: Subject, { name, group, cases }: CaseGroup): Check[] {
  return modesOf(subject)
    .filter(({ takes }) => cases.some(takes))
    .map((mode) => ({
      name: [name, mode.name].filter(Boolean).join(', '),
      group,
      prepare: () => {
        cases.forEach(expectedOf);
      },
      problems: (own, errors) => problemsOf(own, cases, mode, errors),
    }));
}
