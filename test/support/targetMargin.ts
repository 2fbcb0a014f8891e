import { expectError, type X } from './engine.js';

/** Asserts the errors of a loss with a target margin, which takes exactly one of `gamma` and `gammaBetaRatio`. */
export function expectTargetMarginErrors(name: string, loss: (options: object) => X): void {
  const call = (options: object) => () => loss({ beta: 2, ...options });
  const both = `${name}: gamma and gammaBetaRatio are both given, expected one of them`;
  expectError(call({ gamma: 1, gammaBetaRatio: 0.5 }), RangeError, both);
  expectError(call({}), RangeError, `${name}: neither gamma nor gammaBetaRatio is given, expected one of them`);
  expectError(call({ gamma: NaN }), RangeError, `${name}: gamma must be finite, got NaN`);
  expectError(call({ gammaBetaRatio: Infinity }), RangeError, `${name}: gammaBetaRatio must be finite, got Infinity`);
}

/** Asserts the errors of a loss of pairs with a target margin, `labelSmoothing` and a `beta` without default. */
export function expectPairMarginErrors(name: string, loss: (options: object) => X): void {
  expectTargetMarginErrors(name, loss);
  const call = (options: object) => () => loss({ beta: 2, gamma: 1, ...options });
  expectError(call({ labelSmoothing: 0.5 }), RangeError, `${name}: labelSmoothing must be in [0, 0.5), got 0.5`);
  expectError(call({ beta: undefined }), TypeError, `${name}: beta is undefined, expected a number`);
}
