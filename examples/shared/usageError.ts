/** A wrong command line, or one that this machine cannot run. Only the message is printed, without a stack trace. */
export class UsageError extends Error {}

/** Runs a program with the arguments of the command line. */
export async function run(main: (args: readonly string[]) => Promise<void>): Promise<void> {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
