/**
 * Checks for tests of your own losses: gradients, behaviour, closeness, finite values; and of your own engine.
 *
 * @packageDocumentation
 */
export { checkGradients, type CheckGradientsOptions, type GradientReport } from './checkGradients.js';
export { checkLoss, type CheckLossOptions, type LossCheck } from './checkLoss.js';
export { checkValues } from './checkValues.js';
export { backendConformance, type ConformanceCheck, type ConformanceOptions } from './conformance/backendConformance.js';
export type { EngineUnderTest, TensorFunction } from './conformance/engineUnderTest.js';
export type { LossGoldens } from './conformance/lossGoldens.js';
export {
  conformanceReport,
  type ConformanceCounts,
  type ConformanceFailure,
  type ConformancePass,
  type ConformanceReport,
} from './conformance/report.js';
export { expectClose, type Tolerance, type Values } from './expectClose.js';
export { LossReport, type InputReport, type LossProperties, type Places } from './lossReport.js';
