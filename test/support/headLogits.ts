export type Matrix = number[][];

export interface Options {
  readonly logitScale?: number;
  readonly logitSoftcap?: number;
  readonly temperature?: number;
}

/** Logits of a row, and their derivatives with respect to the products `weight hidden`, in float64. */
export function logitsOf(
  hidden: number[],
  weight: Matrix,
  bias: number[] | undefined,
  { logitScale = 1, logitSoftcap: c, temperature = 1 }: Options,
) {
  const raw = weight.map((w, v) => logitScale * (w.reduce((a, x, d) => a + x * hidden[d]!, 0) + (bias?.[v] ?? 0)));
  const logits = raw.map((z) => (c === undefined ? z : c * Math.tanh(z / c)) / temperature);
  const slopes = raw.map((z) => ((c === undefined ? 1 : 1 / Math.cosh(z / c) ** 2) * logitScale) / temperature);
  return { logits, slopes };
}
