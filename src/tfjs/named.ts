/** One value for each name in `Names`, e.g. one tensor for each input of a kernel. */
export type Named<Names, Value> = { readonly [Name in keyof Names]: Value };
