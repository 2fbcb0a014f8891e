/** A mistake on the command line, or a machine that cannot do what it asks for: its message is all there is to print. */
export class UsageError extends Error {}
