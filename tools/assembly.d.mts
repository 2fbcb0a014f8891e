/** Returns the text of the module that contains the compiled kernels. */
export function compiled(): Promise<string>;
