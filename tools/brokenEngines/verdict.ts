/** The file that `npm run broken-engines` writes. */
export const KILLS = 'tools/docs/brokenEngines.json';

/** What the suite said of a broken engine. */
export interface Verdict {
  readonly group: string;
  /** What is different from a sound engine. */
  readonly name: string;
  /** The first check that fails; null if all pass. */
  readonly caughtBy: string | null;
  /** Why the contract allows the difference, if it does. */
  readonly allowed?: string;
}

/** Whether the suite is right about an engine: it must catch all that the contract forbids, and nothing else. */
export const isRight = ({ caughtBy, allowed }: Verdict): boolean => (caughtBy === null) === (allowed !== undefined);
