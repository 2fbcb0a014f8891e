const terms = (coefficients: readonly number[], variable: string): string =>
  coefficients.reduceRight((inner, c) => `(${c.toExponential(9)}${inner && ` + ${variable} * ${inner}`})`, '');

/**
 * Elementary functions that are accurate relative to their value. WGSL and GLSL have no `expm1` and no `log1p`, and the
 * formulas that TensorFlow.js uses instead, `exp(x) - 1` and `log(1 + x)`, cancel near 0. The `log` of WGSL may be off by 2^-21 between
 * 0.5 and 2, which is all of the logarithm near 1; there it is that of `1 + (x - 1)`, as `x - 1` is exact.
 *
 *     e^x - 1 = x (1 + x/2 (1 + x/3 (...)))             for |x| up to 1/2; the first dropped term is below 1e-9 of the value
 *     log(1 + x) = 2 (s + s^3/3 + s^5/5 + ...)          s = x / (2 + x), for x in [-1/2, 1]; the first dropped term is below 2e-9
 *     sigmoid(x) sigmoid(-x) = e^-|x| / (1 + e^-|x|)^2
 *     log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
 */
const ELEMENTARY = `
  fn accurateExpm1(x : f32) -> f32 {
    if (abs(x) > 0.5) { return exp(x) - 1.0; }
    return x * ${terms([1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040, 1 / 40320, 1 / 362880], 'x')};
  }
  fn log1pSeries(x : f32) -> f32 {
    let s = x / (2.0 + x);
    let q = s * s;
    return 2.0 * s * ${terms([1, 1 / 3, 1 / 5, 1 / 7, 1 / 9, 1 / 11, 1 / 13, 1 / 15], 'q')};
  }
  fn accurateLog1p(x : f32) -> f32 {
    if (x >= -0.5 && x <= 1.0) { return log1pSeries(x); }
    if (x < -1.0) { return NOT_A_NUMBER; }
    if (x == -1.0) { return -INFINITE; }
    return log(1.0 + x);
  }
  fn accurateLog(x : f32) -> f32 {
    if (x >= 0.5 && x <= 2.0) { return log1pSeries(x - 1.0); }
    if (x < 0.0) { return NOT_A_NUMBER; }
    if (x == 0.0) { return -INFINITE; }
    return log(x);
  }
  fn accurateSigmoid(x : f32) -> f32 {
    return 1.0 / (1.0 + exp(-x));
  }
  fn sigmoidSlope(x : f32) -> f32 {
    let e = exp(-abs(x));
    return e / ((1.0 + e) * (1.0 + e));
  }
  fn accurateSoftplus(x : f32) -> f32 {
    return max(x, 0.0) + log1pSeries(exp(-abs(x)));
  }
`;

/** The functions in WGSL. */
export const ELEMENTARY_WGSL = ELEMENTARY.replaceAll('NOT_A_NUMBER', 'uniforms.NAN').replaceAll('INFINITE', 'uniforms.INFINITY');

/** The functions in GLSL, for WebGL: the same bodies with other declarations and constants. */
export const ELEMENTARY_GLSL = ELEMENTARY.replace(/fn (\w+)\(x : f32\) -> f32/g, 'float $1(float x)')
  .replace(/\blet\b/g, 'float')
  .replaceAll('NOT_A_NUMBER', 'NAN')
  .replaceAll('INFINITE', 'uintBitsToFloat(0x7f800000u)');
