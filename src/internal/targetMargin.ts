import { finite } from './domains.js';
import { number, optional } from './options.js';

/** The margin that the chosen side must win by, stated in one of the two ways that are in use. */
export type TargetMargin =
  | {
      /** The margin itself (TRL's `simpo_gamma`, Liger's `gamma`). */
      readonly gamma: number;
      /** Mutually exclusive with `gamma`. */
      readonly gammaBetaRatio?: undefined;
    }
  | {
      /** Mutually exclusive with `gammaBetaRatio`. */
      readonly gamma?: undefined;
      /** The margin divided by beta (the authors' code, HALOs, Levanter). */
      readonly gammaBetaRatio: number;
    };

/** How the two ways are read. */
export const targetMarginReaders = () => ({ gamma: optional(number(finite)), gammaBetaRatio: optional(number(finite)) });

/** What may be given where types are not checked: one margin, both, or none. */
interface AnyMargin {
  readonly beta: number;
  readonly gamma: number | undefined;
  readonly gammaBetaRatio: number | undefined;
}

/** The absolute margin, after a check that exactly one of the two is given. */
export function targetMargin(fn: string, { beta, gamma, gammaBetaRatio }: AnyMargin): number {
  if (gamma !== undefined && gammaBetaRatio !== undefined) {
    throw new RangeError(`${fn}: gamma and gammaBetaRatio are both given, expected one of them`);
  }
  if (gamma !== undefined) return gamma;
  if (gammaBetaRatio === undefined) throw new RangeError(`${fn}: neither gamma nor gammaBetaRatio is given, expected one of them`);
  return beta * gammaBetaRatio;
}
