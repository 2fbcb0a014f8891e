import { Tensor, tensor } from '../../../examples/own-engine/engine.js';
import type { Backend, DType } from '../../../src/backend/types.js';
import type { Rule } from '../rules.js';
import type { Change } from '../soundEngine.js';

/** One thing that an engine does differently. */
export interface Break extends Change {
  /** What is different, in a few words. */
  readonly name: string;
  /** Why the contract allows it, if it does: the suite must then pass. */
  readonly allowed?: string;
}

export type Operand = Tensor | number;
type Engine = Backend<Tensor>;

/** A break of plain operations. */
export const operation = (name: string, operations: (engine: Engine) => Partial<Engine>): Break => ({ name, operations });

/** A break of the gradient of one operation. */
export const gradient = (name: string, of: string, rule: (sound: Rule) => Rule): Break => ({
  name,
  rules: (rules) => ({ ...rules, [of]: rule(rules[of]!) }),
});

/** A break of the whole engine. */
export const method = (name: string, backend: NonNullable<Change['backend']>): Break => ({ name, backend });

/** Something that looks like a break, and must pass. */
export const allowed = (reason: string, change: Break): Break => ({ ...change, allowed: reason });

export const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;
export const isOf = (dtype: DType, ...xs: readonly Operand[]): boolean => xs.every((x) => isTensor(x) && x.dtype === dtype);

/** The same values as another kind. */
export const as = (dtype: DType, { data, shape }: Tensor): Tensor => new Tensor(data, shape, dtype);

/** Each value replaced. */
export const each = ({ data, shape, dtype }: Tensor, f: (x: number, i: number) => number): Tensor => new Tensor(data.map(f), shape, dtype);

/** A scalar tensor of a number. */
export const lifted = (x: Operand): Tensor => (isTensor(x) ? x : tensor(x));
