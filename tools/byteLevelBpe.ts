/** Vocabulary and settings of a byte-level BPE tokenizer. */
export interface ByteLevelBpe {
  /** Tokens in the order of their ids, in the characters with which GPT-2 represents bytes. */
  readonly tokens: readonly string[];
  readonly merges: readonly string[];
  /** Tokens that are never split. */
  readonly special: readonly { readonly id: number; readonly content: string }[];
  /** Whether every digit is a separate token. */
  readonly splitsDigits?: boolean;
}

/** Returns the definition of a byte-level BPE tokenizer in the format of `tokenizer.json`. */
export function byteLevelBpe({ tokens, merges, special, splitsDigits = false }: ByteLevelBpe): object {
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    normalizer: null,
    post_processor: null,
    added_tokens: special.map((token) => ({ ...token, ...plain })),
    pre_tokenizer: splitsDigits ? { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, bytes] } : bytes,
    decoder: bytes,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}
