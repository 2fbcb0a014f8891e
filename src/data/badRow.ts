/** An error in one row. With `dropBadRows`, the row is dropped instead. */
export class BadRow extends RangeError {
  readonly #reason: string;

  /**
   * @param at - Function and row, for example `encodePairs: rows[3]`.
   * @param subject - Subject of the message: a part of the row, or empty for the row itself.
   * @param predicate - Predicate of the message.
   */
  constructor(at: string, subject: string, predicate: string, options?: ErrorOptions) {
    super(subject === '' ? `${at} ${predicate}` : `${at}: ${subject} ${predicate}`, options);
    this.#reason = subject === '' ? predicate : `${subject} ${predicate}`;
  }

  /** The message without the function and the row. */
  get reason(): string {
    return this.#reason;
  }
}
