import { placed, type LossInputs, type Point, type Side } from './lossInputs.js';

/** Sizes of log-probs that are tried. */
const SIZES = [100, 1e3, 1e4, 1e5];

/** What was found at the extremes. */
interface Extremes {
  /** Largest size up to which everything is finite, 0 if there is none. */
  readonly finiteTo: number;
  /** The first batch that is not, and what is wrong with it. */
  readonly problem: string | undefined;
}

/**
 * Looks for values that are not finite, with each log-prob either 0 or far below, and each reward far above or far below 0.
 *
 * @param problemAt - Returns what is wrong at a point, or undefined.
 */
export async function findExtremes(inputs: LossInputs, problemAt: (point: Point) => Promise<string | undefined>): Promise<Extremes> {
  const problemOf = async (size: number): Promise<string | undefined> => {
    for (const { point, words } of extremesOf(inputs, size)) {
      const problem = await problemAt(point);
      if (problem !== undefined) return `${problem} at ${words}`;
    }
    return undefined;
  };
  const largest = SIZES.at(-1)!;
  const atLargest = await problemOf(largest);
  if (atLargest === undefined) return { finiteTo: largest, problem: undefined };
  let finiteTo = 0;
  for (const size of SIZES.slice(0, -1)) {
    const problem = await problemOf(size);
    if (problem !== undefined) return { finiteTo, problem };
    finiteTo = size;
  }
  return { finiteTo, problem: atLargest };
}

/** Batches with all combinations of the two ends, for each model and side, and the log-probs of each in words. */
function extremesOf(inputs: LossInputs, size: number): { readonly point: Point; readonly words: string }[] {
  const ends = inputs.kind === 'rewards' ? [size, -size] : [0, -size];
  const ranked = inputs.inputs.filter(({ model }) => model !== undefined);
  return Array.from({ length: 2 ** ranked.length }, (_, combination) => {
    const end = (n: number): number => ends[(combination >> n) & 1]!;
    const at = (model: string, side: Side): number => end(ranked.findIndex((input) => input.model === model && input.side === side));
    return { point: placed(inputs, at), words: ranked.map(({ name }, n) => `${name} ${end(n)}`).join(', ') };
  });
}
