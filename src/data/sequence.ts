/** Prompt and completion in token ids, with a mask of the counted tokens. */
export interface Sequence {
  /** Token ids, integers `[T]`. */
  readonly tokens: readonly number[];
  /** 1 for counted tokens, 0 for all others, such as those of the prompt, `[T]`. */
  readonly mask: readonly number[];
}

/** The tokens before the first counted token, as a string by which prompts are compared. */
export const promptKey = ({ tokens, mask }: Sequence): string => tokens.slice(0, mask.indexOf(1)).join();
