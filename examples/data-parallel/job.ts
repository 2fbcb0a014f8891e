import { UsageError } from '../shared/usageError.js';
import { gatherJson } from './exchange.js';
import type { Workers } from './workers/workers.js';

/** What stops the job on every worker at the same point, such as a loss that is not finite: worker 0 reports it, and all end. */
export class SharedError extends UsageError {}

/** Runs a program on all workers. An error of one worker ends the job everywhere, because the others may be waiting for it. */
export async function runJob(workers: Workers, program: () => Promise<void>): Promise<void> {
  try {
    await program().catch((error: unknown) => {
      if (!(error instanceof SharedError)) throw error;
      process.exitCode = 1;
      if (workers.rank === 0) console.error(error.message);
    });
    await workers.close();
  } catch (error) {
    process.exitCode = 1;
    console.error(workers.size === 1 ? textOf(error) : `worker ${workers.rank}: ${textOf(error)}`);
    workers.abort();
  }
}

/** Runs a step that may fail on some of the workers, such as reading their options; if it does, the job ends with one message. */
export async function together<Result>(workers: Workers, step: () => Result | Promise<Result>): Promise<Result> {
  let result: Result | undefined;
  let problem = '';
  try {
    result = await step();
  } catch (error) {
    problem = textOf(error);
  }
  const problems = await gatherJson(workers, problem);
  const first = problems.findIndex((text) => text !== '');
  if (first === -1) return result as Result;
  const isOfAll = problems.every((text) => text === problems[first]);
  throw new SharedError(isOfAll ? problems[first] : `worker ${first}: ${problems[first]!}`);
}

const textOf = (error: unknown): string => (error instanceof UsageError ? error.message : (error as Error).stack!);
