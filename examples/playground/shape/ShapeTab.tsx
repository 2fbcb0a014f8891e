import { dpo } from 'prefloss/core';
import { Chart } from '../ui/Chart.js';

/** The shape of losses. */
export function ShapeTab() {
  const xs = Array.from({ length: 121 }, (_, i) => i - 60);
  const zero = { chosen: [0], rejected: [0] };
  const points = xs.map((x) => [x, dpo({ policy: { chosen: [x / 2], rejected: [-x / 2] }, reference: zero })[0]!] as const);
  return <Chart title="loss" xLabel="margin, nats" series={[{ label: 'dpo', points }]} />;
}
