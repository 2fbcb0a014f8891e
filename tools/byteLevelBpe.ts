/** What a byte-level BPE tokenizer is made of. */
export interface ByteLevelBpe {
  /** Tokens in the order of their ids, in the letters that GPT-2 writes bytes with. */
  readonly tokens: readonly string[];
  readonly merges: readonly string[];
  /** Tokens that are taken as a whole wherever they stand. */
  readonly special: readonly { readonly id: number; readonly content: string }[];
  /** Whether every digit is a token of its own. */
  readonly splitsDigits?: boolean;
}

/** The definition of a byte-level BPE tokenizer, as `tokenizer.json` has it. */
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
