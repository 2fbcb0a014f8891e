import { describe, expect, it } from 'vitest';
import { expectGradients, isReadable, read, tensor, type X } from './engine.js';
import { expectSame } from './expectSame.js';

// The fourth candidate is padding that would spoil any result that it enters.
const padded = {
  policy: [[-10, -12, -13, NaN], [-20, -19, -25, -1e30]],
  reference: [[-11, -11, -11, NaN], [-20, -20, -20, 0]],
  rewards: [[2, 1, 0, NaN], [5, 4.5, 1, 1e30]],
}; // prettier-ignore
const mask = [[1, 1, 1, 0], [1, 1, 1, 0]]; // prettier-ignore

type Field = keyof typeof padded;

/** How a list loss treats short lists. */
interface ShortLists {
  /** Whether the first candidate must be counted. Default false. */
  readonly needsFirst?: boolean;
  /** Whether the loss of a single candidate is not 0. Default false. */
  readonly countsOne?: boolean;
}

/** Tests that a list loss ignores masked candidates. */
export function describeMaskedCandidates(
  loss: (lists: X) => X,
  fields: readonly Field[],
  { needsFirst = false, countsOne = false }: ShortLists = {},
): void {
  const of = (get: (rows: number[][]) => X, more: object = {}): X =>
    loss({ ...Object.fromEntries(fields.map((field) => [field, get(padded[field])])), ...more });
  const cut = (rows: number[][]): X => tensor(rows.map((row) => row.slice(0, 3)));
  const full = (rows: number[][]): X => tensor(rows);

  describe('a masked candidate', () => {
    it('is ignored', async () => {
      await expectSame(of(full, { mask: tensor(mask) }), of(cut), 20);
      await expectSame(of(full, { mask: tensor(mask, 'bool') }), of(cut), 20);
      await expectSame(of(full, { mask: tensor(mask, 'int') }), of(cut), 20);
    });

    it('can have any position', async () => {
      const moved = (rows: number[][]): X => tensor(rows.map((row) => [row[0]!, row[3]!, row[1]!, row[2]!]));
      await expectSame(of(moved, { mask: tensor(mask.map(() => [1, 0, 1, 1])) }), of(cut), 20);
      if (needsFirst) return;
      const late = (rows: number[][]): X => tensor(rows.map((row) => [row[3]!, row[0]!, row[1]!, row[2]!]));
      await expectSame(of(late, { mask: tensor(mask.map(() => [0, 1, 1, 1])) }), of(cut), 20);
    });

    it(`leaves a loss of 0 for a list of ${countsOne ? 'no candidates' : 'one or no candidate'}`, async () => {
      const short = [[1, 0, 0, 0], [0, 0, 0, 0]]; // prettier-ignore
      const [one, none] = (await read(of(full, { mask: tensor(short) }))) as [number, number];
      expect(none === 0).toBe(true); // -0 is 0, too
      if (countsOne) expect(one).toBeGreaterThan(0);
      else expect(Math.abs(one)).toBeLessThan(1e-6);
    });

    it('is an error if its mask is not 0 or 1; where values cannot be read, its list becomes NaN', async () => {
      const bad = () => of(full, { mask: tensor([[1, 0.5, 1, 0], [1, 1, 1, 0]]) }); // prettier-ignore
      if (isReadable) expect(bad).toThrow(RangeError);
      else expect(((await read(bad())) as number[]).map(Number.isNaN)).toEqual([true, false]);
    });

    it('leaves a gradient of 0 for a list of no candidates', async () => {
      const empty = tensor([[0, 0, 0, 0], [0, 0, 0, 0]]); // prettier-ignore
      const given = (p: X) => (rows: number[][]): X => (rows === padded.policy ? p : tensor(rows)); // prettier-ignore
      const policy = [[-10, -12, -13, 0], [-20, -19, -25, 0]]; // prettier-ignore
      await expectGradients((p: X) => of(given(p), { mask: empty }), [policy], [policy.map((row) => row.map(() => 0))]);
    });
  });
}
