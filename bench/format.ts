import type { Environment } from './results.js';

/** Milliseconds with about three digits. */
export const milliseconds = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(3));

/** A ratio with two digits or more. */
export const times = (value: number): string => `${value >= 10 ? value.toFixed(0) : value.toFixed(value >= 5 ? 1 : 2)}x`;

export const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** The machine in one line. */
export const machine = ({ cpu, cores, memoryGiB, os, node }: Environment): string =>
  `${cpu}, ${cores} cores, ${memoryGiB} GiB; ${os}; Node.js ${node.replace('v', '')}`;
