import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { inJavaScript } from '../../src/rows/inJavaScript.js';
import type { RowKernels } from '../../src/rows/rowKernels.js';
import { rowKernelsOn } from '../../src/rows/rowKernelsOn.js';
import { rowsInCopies, rowsOnHeap } from '../../src/rows/rowMemory.js';
import { expectClose } from '../../src/testing/index.js';
import { compiled } from '../../tools/assembly.mjs';

const SIZES = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 47, 255, 256, 257, 8192];

/** Rows of logits: flat, peaky, huge, or with impossible tokens. */
const ROWS: Readonly<Record<string, (i: number) => number>> = {
  flat: (i) => Math.sin(i),
  wide: (i) => 40 * Math.sin(12.9898 * i),
  huge: (i) => 1e4 * Math.sin(7.13 * i),
  shifted: (i) => 1e4 + Math.sin(i),
  peaky: (i) => (i === 0 ? 30 : 0.5 * Math.sin(i)),
  'partly -Infinity': (i) => (i % 3 === 1 ? -Infinity : 4 * Math.sin(i)),
};

describe.each([
  ['WebAssembly SIMD', rowKernelsOn],
  ['JavaScript', inJavaScript],
])('row kernels in %s', (kind, kernelsOf) => {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 16 });
  const floats = new Float32Array(memory.buffer);
  const kernels = kernelsOf(memory);
  const [x, y, out] = [16, 4 * 8300, 8 * 8300]; // byte offsets

  it('are native code in SIMD only', () => {
    const isCompiled = Object.values(kernels).some((f) => String(f).includes('native code'));
    expect(isCompiled).toBe(kind !== 'JavaScript');
  });

  it.each(Object.keys(ROWS))('are accurate on rows that are %s', (row) => {
    for (const n of SIZES) {
      const values = Float32Array.from({ length: n }, (_, i) => ROWS[row]!(i));
      const others = Float32Array.from({ length: n }, (_, i) => 4 * Math.cos(3 * i));
      floats.set(values, x / 4);
      floats.set(others, y / 4);
      const [largest, other] = [Math.max(...values), Math.max(...others)];
      const d = Array.from(values, (v) => v - largest);
      const e = d.map(Math.exp);
      const total = (terms: readonly number[]): number => terms.reduce((a, b) => a + b, 0);
      // 0 times an infinity counts as 0.
      const times = (f: (i: number) => number) => e.map((v, i) => (v === 0 ? 0 : v * f(i)));

      expect(kernels.rowMax(x, n)).toBe(largest);
      // The differences are rounded to float32, an error of 1e-7 of them; the exponentials add no larger error.
      const bound = (scale: number) => ({ absolute: 2e-7 * Math.max(1, scale), relative: 2e-7 });
      expectClose(kernels.sumExp(x, n, largest), total(e), bound(1));
      kernels.moments(x, n, largest);
      expectClose(kernels.exponentials.value, total(e), bound(1));
      expectClose(kernels.weighted.value, total(times((i) => d[i]!)), bound(1));
      expectClose(kernels.squares.value, total(times((i) => e[i]!)), bound(1));
      expectClose(kernels.differences.value, total(d), bound(1));
      const gap = times((i) => d[i]! - (others[i]! - other));
      expectClose(kernels.sumExpGap(x, y, n, largest, other), total(gap), bound(total(gap.map(Math.abs))));
      kernels.scaledExp(x, out, n, largest, -0.5);
      expectClose(floats.slice(out / 4, out / 4 + n), e.map((v) => -0.5 * v), bound(1)); // prettier-ignore
      kernels.scaledExpGap(x, y, out, n, largest, 0.5, other, 0.25);
      const gaps = e.map((v, i) => 0.5 * v - 0.25 * Math.exp(others[i]! - other));
      expectClose(floats.slice(out / 4, out / 4 + n), gaps, bound(1));

      const ratios = d.map((v, i) => v - (others[i]! - other));
      kernels.scaledLogRatio(x, y, out, n, largest, 0.5, other, 0.25);
      const largestRatio = Math.max(...ratios.filter(Number.isFinite).map(Math.abs));
      const scaledRatios = times((i) => 0.5 * (ratios[i]! - 0.25));
      expectClose(floats.slice(out / 4, out / 4 + n), scaledRatios, bound(largestRatio));

      const [p, q] = [e.map((v) => v / total(e)), Array.from(others, (v) => Math.exp(v - other))];
      const [pScale, qScale] = [1 / total(e), 1 / total(q)];
      const m = p.map((v, i) => 0.25 * q[i]! * qScale + 0.75 * v);
      const terms = (a: readonly number[]) => a.map((v, i) => (v === 0 ? 0 : v * Math.log(v / m[i]!)));
      const mixture = [n, largest, pScale, other, qScale, Math.log(qScale / pScale), 0.25] as const;
      kernels.mixtureGaps(x, y, ...mixture);
      expectClose(kernels.policyGap.value, total(terms(p)), bound(4));
      expectClose(kernels.referenceGap.value, total(terms(q.map((v) => v * qScale))), bound(4));
      kernels.scaledMixtureGap(x, y, out, n, largest, -2 * pScale, other, Math.log(qScale / pScale), 0.25, 0.5);
      expectClose(floats.slice(out / 4, out / 4 + n), terms(p).map((v, i) => -2 * (v - 0.5 * p[i]!)), bound(4)); // prettier-ignore
    }
  });

  it('give NaN for every sum of a row with a NaN', () => {
    for (const n of [1, 3, 47]) {
      for (let at = 0; at < n; at++) {
        floats.fill(1, x / 4, x / 4 + n);
        floats[x / 4 + at] = NaN;
        expect(kernels.sumExp(x, n, kernels.rowMax(x, n))).toBeNaN();
        kernels.moments(x, n, 1);
        const { exponentials, weighted, squares, differences } = kernels;
        expect([exponentials, weighted, squares, differences].map(({ value }) => value)).toEqual([NaN, NaN, NaN, NaN]);
        expect(kernels.sumExpGap(x, x, n, 1, 1)).toBeNaN();
        floats.fill(1, y / 4, y / 4 + n);
        for (const [a, b] of [
          [x, y],
          [y, x],
        ] as const) {
          kernels.mixtureGaps(a, b, n, 1, 1 / n, 1, 1 / n, 0, 0.5);
          expect([kernels.policyGap.value, kernels.referenceGap.value]).toEqual([NaN, NaN]);
        }
      }
    }
  });

  it('write in place', () => {
    floats.set([1, 2, 3, 4, 5], x / 4);
    kernels.scaledExp(x, x, 5, 5, 1);
    expectClose(floats.slice(x / 4, x / 4 + 5), [-4, -3, -2, -1, 0].map(Math.exp), { relative: 2e-7 });
  });
});

describe('rows', () => {
  const twice = (kernels: RowKernels, n: number) => (pointers: readonly number[], target: number, from: number, to: number) => {
    for (let row = from; row < to; row++) {
      const at = 4 * n * (row - from);
      kernels.scaledExpGap(pointers[0]! + at, pointers[1]! + at, target + at, n, 0, 2, 0, 1);
    }
  };

  it.each([1, 3, 700, 20_000, 70_000])('of %i floats are processed in copies', (n) => {
    const rows = n < 10 ? 30_000 : 5;
    const [a, b] = [new Float32Array(rows * n).fill(Math.LN2), new Float32Array(rows * n)];
    const output = new Float32Array(rows * n);
    const memory = rowsInCopies();
    memory.forRows([a, b], output, n, twice(memory.kernels, n));
    expectClose([Math.min(...extent(output)), Math.max(...extent(output))], [3, 3], { relative: 1e-6 });
    expectClose([...extent(a), ...extent(b)], [Math.LN2, Math.LN2, 0, 0], { absolute: 1e-7 });
  });

  it('are processed in copies without WebAssembly', () => {
    vi.stubGlobal('WebAssembly', undefined);
    try {
      const memory = rowsInCopies();
      const output = new Float32Array(40_000);
      memory.forRows([new Float32Array(40_000).fill(Math.LN2), new Float32Array(40_000)], output, 20_000, twice(memory.kernels, 20_000));
      expectClose(extent(output), [3, 3], { relative: 1e-6 });
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('are processed in place on a heap, also if WebAssembly cannot import it', () => {
    for (const heap of [new WebAssembly.Memory({ initial: 1, maximum: 1 }), { buffer: new ArrayBuffer(1 << 16) }]) {
      const [a, b, output] = [0, 1024, 2048].map((offset) => new Float32Array(heap.buffer as ArrayBuffer, offset, 30));
      a!.fill(Math.LN2);
      const memory = rowsOnHeap(heap);
      memory.forRows([a!, b!], output, 10, twice(memory.kernels, 10));
      expectClose(extent(output!), [3, 3], { relative: 1e-6 });
    }
  });
});

const extent = (x: Float32Array): number[] => [x.reduce((a, b) => Math.min(a, b)), x.reduce((a, b) => Math.max(a, b))];

it('the compiled kernels match their source', async () => {
  expect(readFileSync(new URL('../../src/rows/simd.wasm.ts', import.meta.url), 'utf8')).toBe(await compiled());
});
