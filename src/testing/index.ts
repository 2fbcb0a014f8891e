/**
 * Checks for tests of your own losses: gradients, closeness, finite values.
 *
 * @packageDocumentation
 */
export { checkGradients, type CheckGradientsOptions, type GradientReport } from './checkGradients.js';
export { checkValues } from './checkValues.js';
export { expectClose, type Tolerance, type Values } from './expectClose.js';
