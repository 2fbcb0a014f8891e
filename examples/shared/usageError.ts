/** A mistake on the command line, or a machine that cannot do what it asks for: its message is all there is to print. */
export class UsageError extends Error {}

/** Runs a program on the arguments of the command line. */
export async function run(main: (args: readonly string[]) => Promise<void>): Promise<void> {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
