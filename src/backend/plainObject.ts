/** Whether a value is an object without a class, in this realm or another: not a list, and no instance that may have getters and methods. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  // The prototype of plain objects, of whichever realm, is the one that has this method itself.
  return prototype === null || Object.hasOwn(prototype, 'isPrototypeOf');
}
