import { describe, expect, it } from 'vitest';
import { encodePairs, type EncodeOptions } from '../../src/index.js';
import { assistant, user } from '../support/chatRows.js';
import { FAMILIES, type FamilyName } from '../support/chatTemplates.js';
import { toyChat } from '../support/toyTokenizer.js';

/** Text that counts on the chosen side of a row, and the text of the whole side. */
function encoded(name: FamilyName, row: object, options: EncodeOptions = {}): { counted: string; all: string } {
  const { chat, counted, all } = toyChat(FAMILIES[name].template, FAMILIES[name].config);
  const { chosen } = encodePairs([row], chat, options).pairs[0]!;
  return { counted: counted(chosen), all: all(chosen) };
}

const oneTurn = { prompt: [user('Which?')], chosen: [assistant('This.')], rejected: [assistant('That.')] };
const threeTurns = {
  chosen: [user('Hi'), assistant('Yes?'), user('2+2?'), assistant('4'), user('Sure?'), assistant('Yes.')],
  rejected: [user('Hi'), assistant('Yes?'), user('2+2?'), assistant('4'), user('Sure?'), assistant('No.')],
};
const reasoned = {
  chosen: [user('Hi'), { ...assistant('Yes?'), reasoning_content: 'R1', thinking: 'R1' }, user('2+2?'), { ...assistant('4'), reasoning_content: 'R2', thinking: 'R2' }], // prettier-ignore
  rejected: [user('Hi'), assistant('Yes?'), user('2+2?'), assistant('5')],
};

/** What counts, stated by hand: in one turn, in three, and with reasoning. */
const COUNTED: Readonly<Record<FamilyName, readonly [one: string, three: string, reasoned: string]>> = {
  'ChatML, with a default system message': ['This.<|im_end|>\n', 'Yes?<|im_end|>\n¦4<|im_end|>\n¦Yes.<|im_end|>\n', 'Yes?<|im_end|>\n¦4<|im_end|>\n'],
  'Llama 3': ['This.<|eot_id|>', 'Yes?<|eot_id|>¦4<|eot_id|>¦Yes.<|eot_id|>', 'Yes?<|eot_id|>¦4<|eot_id|>'],
  Mistral: [' This.</s>', ' Yes?</s>¦ 4</s>¦ Yes.</s>', ' Yes?</s>¦ 4</s>'],
  Gemma: ['This.<end_of_turn>\n', 'Yes?<end_of_turn>\n¦4<end_of_turn>\n¦Yes.<end_of_turn>\n', 'Yes?<end_of_turn>\n¦4<end_of_turn>\n'],
  'Phi-3': ['This.<|end|>\n<|endoftext|>', 'Yes?<|end|>\n¦4<|end|>\n¦Yes.<|end|>\n<|endoftext|>', 'Yes?<|end|>\n¦4<|end|>\n<|endoftext|>'],
  'gpt-oss': [
    '<|channel|>final<|message|>This.<|return|>',
    '<|channel|>final<|message|>Yes?<|end|>¦<|channel|>final<|message|>4<|end|>¦<|channel|>final<|message|>Yes.<|return|>',
    '<|channel|>final<|message|>Yes?<|end|>¦<|channel|>analysis<|message|>R2<|end|><|start|>assistant<|channel|>final<|message|>4<|return|>',
  ],
  'Qwen3, which thinks or not': [
    '<think>\n\n</think>\n\nThis.<|im_end|>\n',
    'Yes?<|im_end|>\n¦4<|im_end|>\n¦<think>\n\n</think>\n\nYes.<|im_end|>\n',
    'Yes?<|im_end|>\n¦<think>\nR2\n</think>\n\n4<|im_end|>\n',
  ],
  'Qwen3.5, whose prompt opens the thinking': [
    '\n</think>\n\nThis.<|im_end|>\n',
    'Yes?<|im_end|>\n¦4<|im_end|>\n¦\n</think>\n\nYes.<|im_end|>\n',
    'Yes?<|im_end|>\n¦R2\n</think>\n\n4<|im_end|>\n',
  ],
  'DeepSeek-V3.1': ['This.<｜end of sentence｜>', 'Yes?<｜end of sentence｜>¦4<｜end of sentence｜>¦Yes.<｜end of sentence｜>', 'Yes?<｜end of sentence｜>¦4<｜end of sentence｜>'], // prettier-ignore
  'DeepSeek-R1, which forgets what it thought': ['This.<｜end of sentence｜>', 'Yes?<｜end of sentence｜>¦4<｜end of sentence｜>¦Yes.<｜end of sentence｜>', 'Yes?<｜end of sentence｜>¦4<｜end of sentence｜>'], // prettier-ignore
  'Nemotron 3': [
    '</think>This.<|im_end|>\n',
    '</think>Yes?<|im_end|>\n¦</think>4<|im_end|>\n¦</think>Yes.<|im_end|>\n',
    '</think>Yes?<|im_end|>\n¦R2</think>4<|im_end|>\n',
  ],
  'GLM-4.5, without an end of turn': [
    '\n<think></think>\nThis.<|endoftext|>',
    '\n<think></think>\nYes?¦\n<think></think>\n4¦\n<think></think>\nYes.<|endoftext|>',
    '\n<think>R1</think>\nYes?¦\n<think>R2</think>\n4<|endoftext|>',
  ],
  'Command R': [
    'This.<|END_OF_TURN_TOKEN|>',
    'Yes?<|END_OF_TURN_TOKEN|>¦4<|END_OF_TURN_TOKEN|>¦Yes.<|END_OF_TURN_TOKEN|>',
    'Yes?<|END_OF_TURN_TOKEN|>¦4<|END_OF_TURN_TOKEN|>',
  ],
};

describe.each(Object.entries(COUNTED) as [FamilyName, readonly [string, string, string]][])('%s', (name, [one, three, withReasoning]) => {
  it('counts the answer of a pair', () => {
    expect(encoded(name, oneTurn).counted).toBe(one);
  });

  it('counts every answer of a conversation, and only them', () => {
    expect(encoded(name, threeTurns).counted).toBe(three);
  });

  it('counts the reasoning where the template writes it, in rows with and without', () => {
    expect(encoded(name, reasoned).counted).toBe(withReasoning);
  });

  it('counts only the last answer if asked to', () => {
    expect(encoded(name, threeTurns, { assistantTurns: 'last' }).counted).toBe(three.split('¦').at(-1));
  });

  it('renders the conversation as the template does', () => {
    const { template, config } = FAMILIES[name];
    const { chat, all } = toyChat(template, config);
    const rendered = chat.apply_chat_template(threeTurns.chosen, { add_generation_prompt: false, tokenize: true, return_tensor: false, return_dict: false }); // prettier-ignore
    const end = name.startsWith('GLM') ? '<|endoftext|>' : '';
    expect(encoded(name, threeTurns).all).toBe(all({ tokens: rendered as number[], mask: [] }) + end);
  });
});
