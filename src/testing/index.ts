/**
 * Checks for those who write their own losses: gradients, closeness, values.
 *
 * @packageDocumentation
 */
export { checkGradients, type CheckGradientsOptions, type GradientReport } from './checkGradients.js';
export { checkValues } from './checkValues.js';
export { expectClose, type Tolerance, type Values } from './expectClose.js';
