import type { LossKind } from '../internal/lossKind.js';

/** The same quantity in three places, see {@link LossProperties.loss}. */
export interface Places {
  /** Where the policy prefers the wrong side. */
  readonly behind: number;
  /** Where policy and reference agree. */
  readonly level: number;
  /** Where the policy prefers the right side. */
  readonly ahead: number;
}

/** How a loss depends on one of its inputs. */
export interface InputReport {
  /**
   * Derivative of the loss of a row with respect to this input, by central differences in float64, the mean over the rows. Training
   * raises inputs with a negative slope. At a kink, it is the mean of the slopes on both sides.
   */
  readonly slope: Places;
  /** Whether the gradient follows the values: `'partly detached'` and `'detached'` are the work of `stopGradient`. */
  readonly gradient: 'passes' | 'partly detached' | 'detached';
}

/** What a loss does, as far as {@link checkLoss} examines it. All of it can be written as JSON. */
export interface LossProperties {
  /** Kind of the loss. */
  readonly kind: LossKind;
  /** Options that it was called with. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Name of the engine of the batch. */
  readonly engine: string;
  /**
   * Mean loss of the rows in three places. `level`: all log-probs alike, or those of policy and reference. `behind`: the sides to be
   * raised lie below that and the others above it, by a third of the mean log-prob. `ahead`: the other way round.
   */
  readonly loss: Places;
  /** How the loss depends on each of its inputs, by name. */
  readonly inputs: Readonly<Record<string, InputReport>>;
  /** Whether the loss of a row is the same alone and in a batch. */
  readonly isPerRow: boolean;
  /** Whether adding a constant to all log-probs of the policy changes nothing, as for DPO; null for single examples. */
  readonly ignoresShift: boolean | null;
  /** Whether exchanging the sides adds a multiple of the margin to the loss, as for DPO; null if the inputs are no pairs. */
  readonly exchangesLikeDpo: boolean | null;
  /** Whether the loss depends only on `beta` times the log-ratios, as for DPO; null if no option `beta` was given. */
  readonly scalesLikeDpo: boolean | null;
  /** Largest log-probs, or rewards, for which the loss was found finite, and so its gradient if the engine has gradients: 0 to 1e5. */
  readonly finiteTo: number;
  /** Largest error of the engine's gradients, see `checkGradients`; null if it has none, or if the error is too large. */
  readonly gradientError: number | null;
  /** Operations of `ops` in a call. A composed one, such as `relu`, counts as its parts. */
  readonly operations: number;
  /** Tensors that a call leaves in memory, besides its result. */
  readonly leaked: number;
}

/** The result of {@link checkLoss}. */
export class LossReport {
  constructor(
    /** Name of the function. */
    readonly name: string,
    /** What is wrong, a line each, which begins with the name of the check. Empty if nothing is. */
    readonly problems: readonly string[],
    /** What the loss does; null if it could not be called. */
    readonly properties: LossProperties | null,
  ) {}

  /** The report as text. */
  toString(): string {
    const { name, problems, properties } = this;
    const count = problems.length === 0 ? 'no problems' : problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    return [`${name}: ${count}`, ...problems.map((line) => `- ${line}`), ...(properties ? linesOf(properties) : [])].join('\n');
  }
}

const PLACES = ['behind', 'level', 'ahead'] as const;

function linesOf(properties: LossProperties): string[] {
  const { kind, options, engine, loss, inputs, isPerRow, leaked, operations, finiteTo, gradientError } = properties;
  const cells = (places: Places) => PLACES.map((place) => shown(places[place]));
  const table = aligned([
    ['', ...PLACES, 'gradient'],
    ['loss', ...cells(loss), ''],
    ...Object.entries(inputs).map(([name, { slope, gradient }]) => [`slope by ${name}`, ...cells(slope), gradient]),
  ]);
  const likeDpo = [
    ['a constant added to the policy changes nothing', properties.ignoresShift],
    ['exchanging the sides adds a multiple of the margin', properties.exchangesLikeDpo],
    ['depends on beta times the log-ratios only', properties.scalesLikeDpo],
  ] as const;
  return [
    [`kind ${kind}`, ...Object.entries(options).map(([key, x]) => `${key} ${String(x)}`), `engine ${engine}`].join(', '),
    ...table,
    ...likeDpo.filter(([, holds]) => holds !== null).map(([words, holds]) => `${words}: ${holds ? 'yes, like DPO' : 'no, unlike DPO'}`),
    `each row on its own: ${isPerRow ? 'yes' : 'no'}`,
    `finite up to ${exponential(finiteTo)}`,
    ...(gradientError === null ? [] : [`gradients of the engine differ by ${bounded(gradientError)}`]),
    `${operations} operations, ${leaked} tensors left`,
  ];
}

/** Errors below this are those of the differences in float64. */
const NOISE = 1e-8;

const bounded = (error: number): string => (error < NOISE ? `less than ${NOISE}` : `at most ${error.toExponential(0)}`);

const exponential = (size: number): string => (size < 1e4 ? `${size}` : size.toExponential().replace('+', ''));

const shown = (x: number): string => `${Number(x.toPrecision(3))}`;

/** The cells of each column at the same width. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ').trimEnd()); // prettier-ignore
}
