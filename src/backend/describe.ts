/** Describes a value for an error message. It never throws, whatever the value is. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  try {
    if (Array.isArray(value)) return 'a list';
    const { constructor } = value;
    return `a value of type ${typeof constructor === 'function' ? constructor.name : 'Object'}`;
  } catch {
    return 'an unreadable object';
  }
}

/** Describes a value that should be a number, for an error message. */
export const numberIn = (value: unknown): string => (typeof value === 'number' ? String(value) : describe(value));

/** Longest text that is quoted in full. */
const LONGEST = 80;

/** The message of whatever was thrown. */
export function reasonOf(error: unknown): string {
  try {
    const { message } = error as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // It is described below.
  }
  return describe(error);
}
