import fc from 'fast-check';

/** A statement about all inputs of a kind, which a test tries to refute with random ones. */
export interface Property {
  readonly name: string;
  /** Number of runs of a test; `npm run fuzz` makes as many as fit into its time. */
  readonly runs: number;
  readonly refute: (search: Search) => Promise<Outcome>;
}

/** Which inputs are tried. */
export interface Search {
  readonly seed: number;
  readonly runs: number;
  /** Time after which no further run starts, in milliseconds. Default: no limit. */
  readonly milliseconds?: number;
  /** The path of an input that fast-check reported for this seed: it alone is tried. */
  readonly path?: string;
}

/** Result of a {@link Search}. */
export interface Outcome {
  readonly runs: number;
  /** The smallest input found that refutes the property, with its seed and path; undefined if there is none. */
  readonly finding: string | undefined;
}

/** The definition of a {@link Property}. */
interface Definition<Input> {
  readonly name: string;
  readonly runs: number;
  readonly input: fc.Arbitrary<Input>;
  /** Inputs that once refuted it. They run first. */
  readonly findings?: readonly Input[];
  /** Throws if the statement does not hold for this input. */
  readonly holds: (input: Input) => void | Promise<void>;
}

export const property = <Input>({ name, runs, input, findings = [], holds }: Definition<Input>): Property => ({
  name,
  runs,
  refute: async ({ seed, runs: numRuns, milliseconds, path }) => {
    const statement = fc.asyncProperty(input, async (drawn) => {
      await holds(drawn);
    });
    const details = await fc.check(statement, {
      seed,
      numRuns,
      includeErrorInReport: true,
      examples: findings.map((finding): [Input] => [finding]),
      ...(milliseconds !== undefined && { interruptAfterTimeLimit: milliseconds }),
      ...(path !== undefined && { path }),
    });
    return { runs: details.numRuns, finding: details.failed ? fc.defaultReportMessage(details) : undefined };
  },
});

/** Throws if `condition` does not hold. */
export function ensure(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Error(message());
}

/** The error that `f` throws, or undefined. */
export async function thrownBy(f: () => unknown): Promise<Error | undefined> {
  try {
    await f();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(`a thrown ${typeof error}`);
  }
}

/** Throws unless an error is one of ours: a TypeError or RangeError whose message begins with `start` and a colon. */
export function ensureOurs(error: Error, start: string): void {
  const isOurs = (error instanceof TypeError || error instanceof RangeError) && error.message.startsWith(`${start}: `);
  if (!isOurs) throw new Error(`expected a TypeError or RangeError that begins with "${start}: ", got ${String(error)}`, { cause: error });
}
