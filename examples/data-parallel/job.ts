import { UsageError } from '../shared/usageError.js';
import type { Workers } from './workers/workers.js';

/** What stops the job on every worker at the same point, such as a loss that is not finite: worker 0 reports it, and all end. */
export class SharedError extends UsageError {}

/** Runs a program on all workers. An error of one worker ends the job everywhere; the others may be waiting for it. */
export async function runJob(workers: Workers, main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const isShared = error instanceof SharedError;
    if (!isShared || workers.rank === 0) {
      const text = error instanceof UsageError ? error.message : (error as Error).stack!;
      console.error(isShared || workers.size === 1 ? text : `worker ${workers.rank}: ${text}`);
    }
    if (!isShared) workers.abort();
    process.exitCode = 1;
  }
  await workers.close();
}
