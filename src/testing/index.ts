/**
 * Checks for tests of your own losses: gradients, behaviour, closeness, finite values.
 *
 * @packageDocumentation
 */
export { checkGradients, type CheckGradientsOptions, type GradientReport } from './checkGradients.js';
export { checkLoss, type CheckLossOptions, type LossCheck } from './checkLoss.js';
export { checkValues } from './checkValues.js';
export { expectClose, type Tolerance, type Values } from './expectClose.js';
export { LossReport, type InputReport, type LossProperties, type Places } from './lossReport.js';
