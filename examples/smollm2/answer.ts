import * as tf from '@tensorflow/tfjs';
import type { TemplateMessage } from 'prefloss';
import type { Llama } from './llama.js';
import type { Adapter } from './lora.js';
import type { Chat } from './tokenizer.js';

/** The width of a row is rounded up to a multiple of this; padding on the right does not change the tokens before it. */
const WIDTH = 16;

/** Returns the answer of greedy decoding. There is no cache: every new token runs the whole conversation through the model. */
export async function answer(
  model: Llama,
  chat: Chat,
  prompt: readonly TemplateMessage[],
  length: number,
  adapters?: ReadonlyMap<string, Adapter>,
): Promise<string> {
  const template = { add_generation_prompt: true, tokenize: true, return_tensor: false, return_dict: false } as const;
  const ids = [...(chat.apply_chat_template([...prompt], template) as readonly number[])];
  const start = ids.length;
  while (ids.length < start + length) {
    const next = tf.tidy(() => {
      const width = Math.ceil(ids.length / WIDTH) * WIDTH;
      const row = [...ids, ...Array<number>(width - ids.length).fill(chat.end)];
      const hidden = model.hidden(tf.tensor2d([row], undefined, 'int32'), adapters);
      const last = tf.reshape(tf.slice(hidden, [0, ids.length - 1, 0], [1, 1, hidden.shape[2]]), [hidden.shape[2], 1]);
      return tf.argMax(tf.matMul(model.embedding, last as tf.Tensor2D), 0);
    });
    const [token] = await next.data();
    next.dispose();
    if (token === chat.end) break;
    ids.push(token!);
  }
  return chat.decode(ids.slice(start)).trim();
}
