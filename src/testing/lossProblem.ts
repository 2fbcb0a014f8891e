import { describe } from '../backend/describe.js';

/** What is wrong with a loss, in words that continue "the loss: ". */
export class LossProblem extends Error {}

/** Name of the engine that {@link traced} runs a loss on; errors of other libraries that are given its tensors contain it. */
export const OPAQUE = 'opaque';

/** An error that a loss threw, in one line without its stack. */
export function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return `it throws ${describe(error)}`;
  const [message = ''] = error.message.split('\n');
  if (error instanceof LossProblem) return message;
  if (message.includes(OPAQUE)) return `it gives a tensor to another library, expected only operations of ops: ${message}`;
  return `it throws ${error.name}: ${message}`;
}
