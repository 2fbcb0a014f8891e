import { backendConformance } from '../../src/testing/conformance/backendConformance.js';
import { breaks } from './breaks/index.js';
import { engineWith, type Change } from './soundEngine.js';
import type { Verdict } from './verdict.js';

/** A check that an engine fails, with its message. */
export interface Failure {
  readonly check: string;
  readonly message: string;
}

/** The checks of an engine, by name. */
const checksOf = (change: Change): Map<string, () => Promise<void>> =>
  new Map([...backendConformance(engineWith(change))].map(({ group, name, run }) => [`${group} > ${name}`, run]));

/** What a check says of an engine; undefined if it passes. The engine is a new one: no other check has left anything behind. */
export async function failureOf(change: Change, check: string): Promise<Failure | undefined> {
  const run = checksOf(change).get(check);
  if (!run) throw new RangeError(`there is no check ${check}`);
  try {
    await run();
    return undefined;
  } catch (error) {
    return { check, message: String(error) };
  }
}

/** The first check that an engine fails. */
export async function firstFailure(change: Change): Promise<Failure | undefined> {
  for (const check of checksOf(change).keys()) {
    const failure = await failureOf(change, check);
    if (failure) return failure;
  }
  return undefined;
}

/** Runs the suite on every broken engine. */
export async function* verdicts(isWanted: (name: string) => boolean = () => true): AsyncGenerator<Verdict & { readonly message?: string }> {
  for (const [group, all] of Object.entries(breaks)) {
    for (const broken of all) {
      if (!isWanted(broken.name)) continue;
      const failure = await firstFailure(broken);
      yield {
        group,
        name: broken.name,
        caughtBy: failure?.check ?? null,
        ...(broken.allowed !== undefined && { allowed: broken.allowed }),
        ...(failure && { message: failure.message }),
      };
    }
  }
}
