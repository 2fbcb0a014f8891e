import { finite } from './domains.js';
import { number, optional } from './options.js';

/** The margin by which the chosen side must win, given in one of two ways. */
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
      /** The margin divided by beta (the code of SimPO's and SimNPO's authors, HALOs). */
      readonly gammaBetaRatio: number;
    };

/** The readers of the two options. */
export const targetMarginReaders = () => ({ gamma: optional(number(finite)), gammaBetaRatio: optional(number(finite)) });

/** The two options as read: without type checks, one, both or neither may be given. */
interface AnyMargin {
  readonly beta: number;
  readonly gamma: number | undefined;
  readonly gammaBetaRatio: number | undefined;
}

/** Returns the absolute margin; throws unless exactly one of the two options is given. */
export function targetMargin(fn: string, { beta, gamma, gammaBetaRatio }: AnyMargin): number {
  if (gamma !== undefined && gammaBetaRatio !== undefined) {
    throw new RangeError(`${fn}: gamma and gammaBetaRatio are both given, expected one of them`);
  }
  if (gamma !== undefined) return gamma;
  if (gammaBetaRatio === undefined) throw new RangeError(`${fn}: neither gamma nor gammaBetaRatio is given, expected one of them`);
  return beta * gammaBetaRatio;
}
