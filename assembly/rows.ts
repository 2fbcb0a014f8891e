// Kernels over one row of float32 logits, in AssemblyScript for WebAssembly SIMD. tools/assembly.mjs compiles this file to
// src/rows/simd.wasm.ts. Pointers are byte offsets into the imported memory; n is a number of floats. The module has no data
// segment, no stack and no allocation, so it can run on a heap that it does not own.

/** e^r - 1 with r = x - k ln 2 and |r| <= ln 2 / 2. */
@inline
function minusOne(x: v128, k: v128): v128 {
  // ln 2 in two parts; the first has so few bits that its product with k is exact.
  const r = f32x4.add(f32x4.sub(x, f32x4.mul(k, f32x4.splat(0.693359375))), f32x4.mul(k, f32x4.splat(2.12194440054690583e-4)));
  const r2 = f32x4.mul(r, r);
  const low = f32x4.add(f32x4.splat(0.4999999403953552), f32x4.mul(r, f32x4.splat(0.1666652113199234)));
  const high = f32x4.add(f32x4.splat(0.04166838899254799), f32x4.mul(r, f32x4.splat(0.00836874544620514)));
  const q = f32x4.add(low, f32x4.mul(r2, f32x4.add(high, f32x4.mul(r2, f32x4.splat(0.0013814540579915047)))));
  return f32x4.add(r, f32x4.mul(r2, q));
}

/**
 * e^x for x <= 88. With x = k ln 2 + r and |r| <= ln 2 / 2, it is a minimax polynomial of degree 6 in r (error 3.7e-9) times 2^k.
 * NaN stays NaN.
 */
@inline
function exp4(x: v128): v128 {
  x = f32x4.pmax(x, f32x4.splat(-88.1)); // below -87.69, k is -127, and the bits of 2^k are those of 0: e^x is exactly 0
  const t = f32x4.add(f32x4.mul(x, f32x4.splat(1.4426950408889634)), f32x4.splat(12583039)); // 1.5 * 2^23 + 127: the low bits are k + 127
  const k = f32x4.sub(t, f32x4.splat(12583039));
  return f32x4.mul(f32x4.add(f32x4.splat(1), minusOne(x, k)), i32x4.shl(t, 23));
}

function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** The four float32 lanes, added pairwise in float64: two lanes. */
@inline
function widen(sum: v128): v128 {
  return f64x2.add(f64x2.promote_low_f32x4(sum), f64x2.promote_low_f32x4(v128.shuffle<i64>(sum, sum, 1, 0)));
}

@inline
function total(sum: v128): f64 {
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** The largest of n floats. NaN is skipped (it makes the sums NaN later); -Infinity if all are NaN. */
export function rowMax(x: usize, n: i32): f32 {
  let a = f32x4.splat(-Infinity), b = a, c = a, d = a;
  const end = x + (<usize>n << 2), end16 = x + (<usize>(n & ~15) << 2);
  for (; x < end16; x += 64) {
    a = f32x4.pmax(a, v128.load(x));
    b = f32x4.pmax(b, v128.load(x, 16));
    c = f32x4.pmax(c, v128.load(x, 32));
    d = f32x4.pmax(d, v128.load(x, 48));
  }
  for (; x < end; x += 4) a = f32x4.pmax(a, v128.load32_splat(x));
  a = f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d));
  return max(max(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1)), max(f32x4.extract_lane(a, 2), f32x4.extract_lane(a, 3)));
}

/** Sum of e^(x - shift) over n floats: four values per lane are added in float32, everything else in float64. */
export function sumExp(x: usize, n: i32, shift: f32): f64 {
  const m = f32x4.splat(shift);
  const end = x + (<usize>n << 2), end16 = x + (<usize>(n & ~15) << 2);
  let sum = f64x2.splat(0);
  for (; x < end16; x += 64) {
    const a = f32x4.add(exp4(f32x4.sub(v128.load(x), m)), exp4(f32x4.sub(v128.load(x, 16), m)));
    const b = f32x4.add(exp4(f32x4.sub(v128.load(x, 32), m)), exp4(f32x4.sub(v128.load(x, 48), m)));
    sum = f64x2.add(sum, widen(f32x4.add(a, b)));
  }
  let result = total(sum);
  for (; x < end; x += 4) result += <f64>exp1(load<f32>(x) - shift);
  return result;
}

/** out = e^(x - shift) * scale over n floats; out may be x. */
export function scaledExp(x: usize, out: usize, n: i32, shift: f32, scale: f32): void {
  const m = f32x4.splat(shift), s = f32x4.splat(scale);
  const end = x + (<usize>n << 2), end8 = x + (<usize>(n & ~7) << 2);
  for (; x < end8; x += 32, out += 32) {
    const a = v128.load(x), b = v128.load(x, 16);
    v128.store(out, f32x4.mul(exp4(f32x4.sub(a, m)), s));
    v128.store(out, f32x4.mul(exp4(f32x4.sub(b, m)), s), 16);
  }
  for (; x < end; x += 4, out += 4) store<f32>(out, exp1(load<f32>(x) - shift) * scale);
}

/** Results of the last call of `moments`, with d = x - shift: the sums of e^d, of d * e^d (0 where e^d is 0), of e^(2d) and of d. */
export let exponentials: f64 = 0;
export let weighted: f64 = 0;
export let squares: f64 = 0;
export let differences: f64 = 0;

/** Computes the four sums above, over n floats. */
export function moments(x: usize, n: i32, shift: f32): void {
  const m = f32x4.splat(shift), floor = f32x4.splat(-88.1);
  const end = x + (<usize>n << 2), end4 = x + (<usize>(n & ~3) << 2);
  let sum = f64x2.splat(0), dot = sum, square = sum, plain = sum;
  for (; x < end4; x += 16) {
    const d = f32x4.sub(v128.load(x), m);
    const e = exp4(d);
    sum = f64x2.add(sum, widen(e));
    dot = f64x2.add(dot, widen(f32x4.mul(f32x4.pmax(d, floor), e)));
    square = f64x2.add(square, widen(f32x4.mul(e, e)));
    plain = f64x2.add(plain, widen(d));
  }
  exponentials = total(sum);
  weighted = total(dot);
  squares = total(square);
  differences = total(plain);
  for (; x < end; x += 4) {
    const d = load<f32>(x) - shift, e = exp1(d);
    exponentials += <f64>e;
    weighted += <f64>(d < -88.1 ? 0 : d * e);
    squares += <f64>(e * e);
    differences += <f64>d;
  }
}

/** Sum of e^(p - pShift) * ((p - pShift) - (q - qShift)) over n floats; a term is 0 where its exponential is 0. */
export function sumExpGap(p: usize, q: usize, n: i32, pShift: f32, qShift: f32): f64 {
  const pm = f32x4.splat(pShift), qm = f32x4.splat(qShift), zero = f32x4.splat(0);
  const end = p + (<usize>n << 2), end4 = p + (<usize>(n & ~3) << 2);
  let sum = f64x2.splat(0);
  for (; p < end4; p += 16, q += 16) {
    const d = f32x4.sub(v128.load(p), pm), e = exp4(d);
    const terms = f32x4.mul(e, f32x4.sub(d, f32x4.sub(v128.load(q), qm)));
    sum = f64x2.add(sum, widen(v128.andnot(terms, f32x4.eq(e, zero))));
  }
  let result = total(sum);
  for (; p < end; p += 4, q += 4) {
    const d = load<f32>(p) - pShift, e = exp1(d);
    if (e != 0) result += <f64>(e * (d - (load<f32>(q) - qShift)));
  }
  return result;
}

/** out = e^(x - shift) * scale - e^(y - yShift) * yScale over n floats; out may be x. */
export function scaledExpGap(x: usize, y: usize, out: usize, n: i32, shift: f32, scale: f32, yShift: f32, yScale: f32): void {
  const m = f32x4.splat(shift), s = f32x4.splat(scale), ym = f32x4.splat(yShift), ys = f32x4.splat(yScale);
  const end = x + (<usize>n << 2), end4 = x + (<usize>(n & ~3) << 2);
  for (; x < end4; x += 16, y += 16, out += 16) {
    const own = f32x4.mul(exp4(f32x4.sub(v128.load(x), m)), s);
    v128.store(out, f32x4.sub(own, f32x4.mul(exp4(f32x4.sub(v128.load(y), ym)), ys)));
  }
  for (; x < end; x += 4, y += 4, out += 4) {
    store<f32>(out, exp1(load<f32>(x) - shift) * scale - exp1(load<f32>(y) - yShift) * yScale);
  }
}

/** out = e^(x - shift) * scale * ((x - shift) - (y - yShift) - offset) over n floats; 0 where the exponential is 0; out may be x. */
export function scaledLogRatio(x: usize, y: usize, out: usize, n: i32, shift: f32, scale: f32, yShift: f32, offset: f32): void {
  const m = f32x4.splat(shift), s = f32x4.splat(scale), ym = f32x4.splat(yShift), o = f32x4.splat(offset), zero = f32x4.splat(0);
  const end = x + (<usize>n << 2), end4 = x + (<usize>(n & ~3) << 2);
  for (; x < end4; x += 16, y += 16, out += 16) {
    const d = f32x4.sub(v128.load(x), m), e = exp4(d);
    const ratio = f32x4.sub(f32x4.sub(d, f32x4.sub(v128.load(y), ym)), o);
    v128.store(out, v128.andnot(f32x4.mul(f32x4.mul(e, s), ratio), f32x4.eq(e, zero)));
  }
  for (; x < end; x += 4, y += 4, out += 4) {
    const d = load<f32>(x) - shift, e = exp1(d);
    store<f32>(out, e == 0 ? 0 : e * scale * (d - (load<f32>(y) - yShift) - offset));
  }
}

/** e^x - 1 for x <= 0, with the digits of small x: 2^k - 1 + 2^k (e^r - 1), as in `exp4`. */
@inline
function expm14(x: v128): v128 {
  x = f32x4.pmax(x, f32x4.splat(-88.1));
  const t = f32x4.add(f32x4.mul(x, f32x4.splat(1.4426950408889634)), f32x4.splat(12583039));
  const k = f32x4.sub(t, f32x4.splat(12583039));
  const power = i32x4.shl(t, 23);
  return f32x4.add(f32x4.sub(power, f32x4.splat(1)), f32x4.mul(power, minusOne(x, k)));
}

/** The smallest normal float32. */
const SMALLEST: f32 = 1.17549435e-38;

/**
 * log(1 + s) from s and y = 1 + s, which may keep the digits of a small y. Normal y in (0, 1]; within 1 unit in the last place, by the
 * method of FreeBSD's logf. NaN stays NaN.
 */
@inline
function log4(y: v128, s: v128): v128 {
  // y = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2)
  const bits = i32x4.add(y, i32x4.splat(0x3f800000 - 0x3f3504f3));
  const k = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_u(bits, 23), i32x4.splat(127)));
  const scaled = f32x4.sub(i32x4.add(v128.and(bits, i32x4.splat(0x7fffff)), i32x4.splat(0x3f3504f3)), f32x4.splat(1));
  const f = v128.bitselect(scaled, s, f32x4.lt(y, f32x4.splat(0.7071067690849304))); // k is 0 from sqrt(1/2) on
  const r = f32x4.div(f, f32x4.add(f, f32x4.splat(2)));
  const z = f32x4.mul(r, r), w = f32x4.mul(z, z);
  const odd = f32x4.mul(z, f32x4.add(f32x4.splat(0.66666662693023681640625), f32x4.mul(w, f32x4.splat(0.28498786687850952))));
  const even = f32x4.mul(w, f32x4.add(f32x4.splat(0.40000972151756287), f32x4.mul(w, f32x4.splat(0.24279078841209412))));
  const half = f32x4.mul(f32x4.mul(f, f), f32x4.splat(0.5));
  // ln 2 in two parts; the first has so few bits that its product with k is exact.
  const low = f32x4.add(f32x4.mul(r, f32x4.add(half, f32x4.add(odd, even))), f32x4.mul(k, f32x4.splat(9.0580006144591607e-6)));
  return f32x4.add(f32x4.add(f32x4.sub(low, half), f), f32x4.mul(k, f32x4.splat(0.69313812255859375)));
}

/** x - shift, at least -1e30, so that the difference of two is not NaN if x is -Infinity in both. */
@inline
function below(x: v128, shift: v128): v128 {
  return f32x4.pmax(f32x4.sub(x, shift), f32x4.splat(-1e30));
}

/**
 * log(larger / m) for the larger of two probabilities and their mixture m, from smaller / larger - 1 and the weight of the larger: 0 where
 * the two are equal.
 */
@inline
function excess4(less: v128, weightOfLarger: v128): v128 {
  const one = f32x4.splat(1), s = f32x4.mul(f32x4.sub(one, weightOfLarger), less);
  const y = f32x4.add(weightOfLarger, f32x4.mul(f32x4.sub(one, weightOfLarger), f32x4.add(less, one)));
  return f32x4.neg(log4(f32x4.pmax(y, f32x4.splat(SMALLEST)), s));
}

/** Four floats at x, or the one at x four times. */
@inline
function load4(x: usize, areFour: bool): v128 {
  return areFour ? v128.load(x) : v128.load32_splat(x);
}

/** Results of the last call of `mixtureGaps`: the sums of p log(p / m) and of q log(q / m). */
export let policyGap: f64 = 0;
export let referenceGap: f64 = 0;

/**
 * Computes the two sums above over n floats, with p = e^(x - shift) * scale, q = e^(y - yShift) * yScale, their log-ratio
 * (x - shift) - (y - yShift) - gap, and m = weight q + (1 - weight) p. Eight floats at a time are almost twice as fast as four; each of the
 * last n % 8 is taken eight times, and an eighth of the sum counts.
 */
export function mixtureGaps(x: usize, y: usize, n: i32, shift: f32, scale: f32, yShift: f32, yScale: f32, gap: f32, weight: f32): void {
  const m = f32x4.splat(shift), s = f32x4.splat(scale), ym = f32x4.splat(yShift), ys = f32x4.splat(yScale);
  const g = f32x4.splat(gap), w = f32x4.splat(weight), rest = f32x4.splat(1 - weight), zero = f32x4.splat(0);
  const end = x + (<usize>n << 2), end8 = x + (<usize>(n & ~7) << 2);
  let ofP = f64x2.splat(0), ofQ = ofP;
  while (x < end) {
    const areEight = x < end8, share = f64x2.splat(areEight ? 1 : 0.125), second = areEight ? 16 : 0;
    const d1 = below(load4(x, areEight), m), d2 = below(load4(x + second, areEight), m);
    const dy1 = below(load4(y, areEight), ym), dy2 = below(load4(y + second, areEight), ym);
    const ratio1 = f32x4.sub(f32x4.sub(d1, dy1), g), ratio2 = f32x4.sub(f32x4.sub(d2, dy2), g);
    const isP1 = f32x4.gt(ratio1, zero), isP2 = f32x4.gt(ratio2, zero); // whether p is the larger
    const apart1 = f32x4.abs(ratio1), apart2 = f32x4.abs(ratio2);
    const less1 = expm14(f32x4.neg(apart1)), less2 = expm14(f32x4.neg(apart2));
    const larger1 = f32x4.mul(exp4(v128.bitselect(d1, dy1, isP1)), v128.bitselect(s, ys, isP1));
    const larger2 = f32x4.mul(exp4(v128.bitselect(d2, dy2, isP2)), v128.bitselect(s, ys, isP2));
    const smaller1 = f32x4.add(larger1, f32x4.mul(larger1, less1)), smaller2 = f32x4.add(larger2, f32x4.mul(larger2, less2));
    const excess1 = excess4(less1, v128.bitselect(rest, w, isP1)), excess2 = excess4(less2, v128.bitselect(rest, w, isP2));
    const ofLarger1 = f32x4.mul(larger1, excess1), ofSmaller1 = f32x4.mul(smaller1, f32x4.sub(excess1, apart1));
    const ofLarger2 = f32x4.mul(larger2, excess2), ofSmaller2 = f32x4.mul(smaller2, f32x4.sub(excess2, apart2));
    const ofP1 = v128.bitselect(ofLarger1, ofSmaller1, isP1), ofP2 = v128.bitselect(ofLarger2, ofSmaller2, isP2);
    const ofQ1 = v128.bitselect(ofSmaller1, ofLarger1, isP1), ofQ2 = v128.bitselect(ofSmaller2, ofLarger2, isP2);
    ofP = f64x2.add(ofP, f64x2.mul(share, widen(f32x4.add(ofP1, ofP2))));
    ofQ = f64x2.add(ofQ, f64x2.mul(share, widen(f32x4.add(ofQ1, ofQ2))));
    const step: usize = areEight ? 32 : 4;
    x += step;
    y += step;
  }
  policyGap = total(ofP);
  referenceGap = total(ofQ);
}

/** log(p / m) from log p and log q, each up to a constant, the difference of these, and the weight of q in m. */
@inline
function overMixture4(logP: v128, logQ: v128, gap: v128, weight: v128): v128 {
  const ratio = f32x4.sub(f32x4.sub(logP, logQ), gap), zero = f32x4.splat(0);
  const weightOfLarger = v128.bitselect(f32x4.sub(f32x4.splat(1), weight), weight, f32x4.gt(ratio, zero));
  return f32x4.add(excess4(expm14(f32x4.neg(f32x4.abs(ratio))), weightOfLarger), f32x4.pmin(ratio, zero));
}

/** out = e^(x - shift) * scale * (log(p / m) - offset) over n floats, with p and m as in `mixtureGaps`; out may be x. */
export function scaledMixtureGap(
  x: usize, y: usize, out: usize, n: i32, shift: f32, scale: f32, yShift: f32, gap: f32, weight: f32, offset: f32,
): void {
  const m = f32x4.splat(shift), s = f32x4.splat(scale), ym = f32x4.splat(yShift), g = f32x4.splat(gap);
  const w = f32x4.splat(weight), o = f32x4.splat(offset);
  const end = x + (<usize>n << 2), end8 = x + (<usize>(n & ~7) << 2);
  for (; x < end8; x += 32, y += 32, out += 32) {
    const d1 = below(v128.load(x), m), d2 = below(v128.load(x, 16), m);
    const gap1 = overMixture4(d1, below(v128.load(y), ym), g, w), gap2 = overMixture4(d2, below(v128.load(y, 16), ym), g, w);
    v128.store(out, f32x4.mul(f32x4.mul(exp4(d1), f32x4.sub(gap1, o)), s));
    v128.store(out, f32x4.mul(f32x4.mul(exp4(d2), f32x4.sub(gap2, o)), s), 16);
  }
  for (; x < end; x += 4, y += 4, out += 4) {
    const d = below(v128.load32_splat(x), m), gap = overMixture4(d, below(v128.load32_splat(y), ym), g, w);
    v128.store32_lane(out, f32x4.mul(f32x4.mul(exp4(d), f32x4.sub(gap, o)), s), 0);
  }
}
