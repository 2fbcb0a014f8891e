import fc from 'fast-check';
import {
  collatePairs,
  collateUnpaired,
  encodePairs,
  encodeUnpaired,
  extractPrompt,
  fromConversations,
  fromShareGpt,
  unpairPreferences,
  type EncodeOptions,
  type Sequence,
} from '../../../src/index.js';
import { CHATML } from '../../support/chat.js';
import { toyChat } from '../../support/toyTokenizer.js';
import { ensure, ensureOurs, property, thrownBy } from '../property.js';
import { anything, hostile, mostly, recordWith, valueOf, type Recipe } from '../values.js';

// Rows of any kind: with `dropBadRows`, each is encoded or reported, and none stops the others or changes them.

const plain = (...values: readonly unknown[]): fc.Arbitrary<Recipe> =>
  fc.constantFrom(...values).map((value): Recipe => ({ plain: value }));
const text = mostly(
  fc.oneof(
    plain('a', 'a b', 'ab', ' yes', '<|im_end|>', '', ' '),
    fc.string({ unit: 'binary', maxLength: 6 }).map((value): Recipe => ({ plain: value })),
  ),
);
const part = recordWith({ type: mostly(plain('text')), text });
const content = mostly(
  fc.oneof(
    text,
    fc.array(part, { maxLength: 2 }).map((list): Recipe => ({ list })),
  ),
);
const message = (role: fc.Arbitrary<Recipe>): fc.Arbitrary<Recipe> =>
  fc
    .tuple(mostly(role, 20), content, fc.option(fc.tuple(fc.constantFrom('train', 'weight', 'tool_calls', 'name', '__proto__'), anything), { freq: 3 }))
    .map(([r, c, extra]): Recipe => ({ record: [['role', r], ['content', c], ...(extra ? [extra] : [])] })); // prettier-ignore
const conversation = fc
  .tuple(fc.array(message(plain('user', 'assistant', 'system', 'tool')), { maxLength: 2 }), message(plain('assistant')))
  .map(([start, end]): Recipe => ({ list: [...start, end] }));
const side = mostly(fc.oneof(text, conversation, message(plain('assistant'))));
const other = fc.tuple(fc.constantFrom('weight', 'tools', 'documents', 'chat_template_kwargs', 'id', 'toString', '__proto__'), anything);

/** A row with these fields, and now and then another one. */
const rowOf = (fields: Readonly<Record<string, fc.Arbitrary<Recipe>>>): fc.Arbitrary<Recipe> =>
  fc
    .tuple(recordWith(fields), fc.option(other, { freq: 3 }))
    .map(([row, extra]): Recipe => ('record' in row && extra ? { record: [...row.record, extra] } : row));

const prompt = mostly(
  fc.oneof(
    text,
    fc.array(message(plain('user', 'system')), { maxLength: 2 }).map((list): Recipe => ({ list })),
    plain(null, undefined),
  ),
);
const preference = rowOf({ prompt, chosen: side, rejected: side });
const unpaired = rowOf({ prompt, completion: side, label: mostly(plain(true, false, 0, 1)) });
const row = fc.oneof(
  { arbitrary: preference, weight: 4 },
  { arbitrary: unpaired, weight: 4 },
  { arbitrary: anything, weight: 1 },
  { arbitrary: hostile, weight: 1 },
);

const TOKENIZERS = { ending: toyChat(CHATML, { eos_token: '<|im_end|>' }).chat, endless: toyChat(CHATML).chat };

const options: fc.Arbitrary<EncodeOptions> = fc.oneof(
  fc.constant({}),
  fc.record({
    maxLength: fc.constantFrom(1, 2, 5, 20, 1000),
    ...{ truncation: fc.constantFrom('keepStart' as const, 'keepEnd' as const) },
    assistantTurns: fc.constantFrom('all' as const, 'last' as const),
    textParts: fc.constantFrom('join' as const, 'keep' as const),
    addEos: fc.constantFrom('auto' as const, false),
  }),
);

interface Input {
  readonly rows: readonly Recipe[];
  readonly tokenizer: keyof typeof TOKENIZERS;
  readonly options: EncodeOptions;
}

/** A good row, which must come out the same whatever comes before it. */
const GOOD = { prompt: 'ab', chosen: 'cd', rejected: 'ce', completion: 'cd', label: true };

interface Encoded {
  readonly items: readonly { readonly row: number }[];
  readonly dropped: readonly { readonly row: number; readonly reason: string }[];
  readonly sequences: readonly Sequence[];
}

const ENCODERS: Readonly<Record<string, (...args: Parameters<typeof encodePairs>) => Encoded>> = {
  encodePairs: (...args) => {
    const { pairs, dropped } = encodePairs(...args);
    for (const pair of pairs) collatePairs([pair], { padTokenId: 0 });
    return { items: pairs, dropped, sequences: pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]) };
  },
  encodeUnpaired: (...args) => {
    const { examples, dropped } = encodeUnpaired(...args);
    for (const example of examples) collateUnpaired([example], { padTokenId: 0 });
    return { items: examples, dropped, sequences: examples };
  },
};

const withoutRow = (item: object): string => JSON.stringify({ ...item, row: 0, promptRow: 0 });

export const rows = Object.entries(ENCODERS).map(([fn, encode]) =>
  property<Input>({
    name: `${fn} encodes or reports each row`,
    runs: 400,
    input: fc.record({ rows: fc.array(row, { minLength: 1, maxLength: 3 }), tokenizer: fc.constantFrom('ending', 'endless'), options }),
    findings: [
      { rows: [{ record: [['chosen', { hostile: 'oddConstructor' }], ['rejected', { plain: 'y' }]] }], tokenizer: 'ending', options: {} }, // prettier-ignore
    ],
    holds: ({ rows: recipes, tokenizer: name, options: given }) => {
      const tokenizer = TOKENIZERS[name];
      const all = { ...given, dropBadRows: true };
      const values = [...recipes.map(valueOf), GOOD];
      const { items, dropped, sequences } = encode(values, tokenizer, all);
      const indices = [...items, ...dropped].map((item) => item.row).sort((a, b) => a - b);
      ensure(indices.join() === values.map((_, i) => i).join(), () => `rows ${indices.join()} of ${values.length} are in the result`);
      for (const { reason } of dropped) ensure(typeof reason === 'string' && reason !== '', () => 'a row was dropped without a reason');
      for (const { tokens, mask, weights } of sequences) {
        const lengths = [mask.length, weights?.length ?? tokens.length];
        ensure(lengths.every((length) => length === tokens.length), () => `${tokens.length} tokens have masks of lengths ${lengths.join()}`); // prettier-ignore
        ensure(tokens.length <= (given.maxLength ?? Infinity), () => `${tokens.length} tokens`);
      }
      const alone = encode([GOOD], tokenizer, all).items[0];
      const last = items.find((item) => item.row === recipes.length);
      ensure(withoutRow(alone ?? {}) === withoutRow(last ?? {}), () => 'the last row is not encoded as it is alone');
    },
  }),
);

export const throwingRows = Object.entries(ENCODERS).map(([fn, encode]) =>
  property<Input>({
    name: `${fn} without dropBadRows throws only its own errors`,
    runs: 200,
    input: fc.record({ rows: fc.array(row, { minLength: 1, maxLength: 2 }), tokenizer: fc.constantFrom('ending', 'endless'), options }),
    holds: async ({ rows: recipes, tokenizer, options: given }) => {
      const error = await thrownBy(() => encode(recipes.map(valueOf), TOKENIZERS[tokenizer], given));
      if (error !== undefined) ensureOurs(error, fn);
    },
  }),
);

const CONVERTERS: Readonly<Record<string, (row: unknown) => unknown>> = {
  extractPrompt: (value) => extractPrompt(value as never),
  fromConversations: (value) => fromConversations(value as never),
  fromShareGpt: (value) => fromShareGpt(value as never),
  unpairPreferences: (value) => unpairPreferences([value] as never),
};

const shareGpt = rowOf({
  conversations: fc.array(recordWith({ from: mostly(plain('human', 'gpt', 'function_call')), value: text }), { maxLength: 3 }).map((list): Recipe => ({ list })), // prettier-ignore
  chosen: mostly(recordWith({ from: plain('gpt'), value: text })),
  rejected: mostly(recordWith({ from: plain('gpt'), value: text })),
  system: text,
});

export const converters = property<{ readonly name: string; readonly row: Recipe }>({
  name: 'the converters of rows throw only their own errors',
  runs: 600,
  input: fc.record({ name: fc.constantFrom(...Object.keys(CONVERTERS)), row: fc.oneof(row, shareGpt) }),
  findings: [
    { name: 'fromShareGpt', row: { record: [['weight', { hostile: 'throwingGetters' }]] } },
    { name: 'fromShareGpt', row: { record: [['conversations', { hostile: 'vastHole' }]] } },
    { name: 'fromShareGpt', row: { record: [['prompt', { hostile: 'throwingIterator' }], ['chosen', { plain: 'a' }]] } }, // prettier-ignore
  ],
  holds: async ({ name, row: recipe }) => {
    // The result is not returned: a column `then` would make it a promise.
    const error = await thrownBy(() => void CONVERTERS[name]!(valueOf(recipe)));
    if (error !== undefined) ensureOurs(error, name);
  },
});
