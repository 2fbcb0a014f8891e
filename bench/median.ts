/** The median of some numbers, of which the upper one if two are in the middle. */
export const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[all.length >> 1]!;
