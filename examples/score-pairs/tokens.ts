import type { ChatTokenizer } from 'prefloss/data';

/** Special tokens of the chat format `user ... end assistant ... end`. They follow the 256 bytes. */
export const MARKERS = { padding: 256, user: 257, assistant: 258, end: 259 } as const;

/** Number of token ids, V. */
export const VOCABULARY_SIZE = 260;

/** A tokenizer with a token for each byte of UTF-8, so that there is nothing to download and no unknown text. */
export const byteTokenizer: ChatTokenizer = {
  encode: (text) => [...Buffer.from(text)],
  apply_chat_template: (conversation, { add_generation_prompt }) => [
    ...conversation.flatMap(({ role, content }) => [MARKERS[role as 'user' | 'assistant'], ...Buffer.from(content), MARKERS.end]),
    ...(add_generation_prompt ? [MARKERS.assistant] : []),
  ],
};
