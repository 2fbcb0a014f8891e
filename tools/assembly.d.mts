/** The text of the module that holds the compiled kernels. */
export function compiled(): Promise<string>;
