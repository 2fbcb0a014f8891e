import { backendConformance } from '../../src/testing/conformance/backendConformance.js';
import { breaks } from './breaks/index.js';
import { engineWith, type Change } from './soundEngine.js';
import type { Verdict } from './verdict.js';

/** The first check that an engine fails, with its message. */
export async function firstFailure(change: Change): Promise<{ readonly check: string; readonly message: string } | undefined> {
  for (const { group, name, run } of backendConformance(engineWith(change))) {
    try {
      await run();
    } catch (error) {
      return { check: `${group} > ${name}`, message: String(error) };
    }
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
