import fc from 'fast-check';

/** A JavaScript value as plain data, which can be printed, made smaller and kept as a case, whatever the value does. */
export type Recipe =
  | { readonly plain: unknown }
  | { readonly list: readonly Recipe[] }
  | { readonly record: readonly (readonly [name: string, value: Recipe])[] }
  /** A list or record in a list or record, this many times. */
  | { readonly nested: 'list' | 'record'; readonly depth: number }
  | { readonly hostile: Hostile };

const refuse = (): never => {
  throw new Error('refused');
};

/** A proxy whose every trap throws. */
const refusing = (target: object): object =>
  new Proxy(target, Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((trap) => [trap, refuse])) as ProxyHandler<object>);

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const withSelf = <T extends object>(value: T, key: string): T => Object.assign(value, { [key]: value });

/** A record whose fields are read by `get`, for all names that this library reads. */
const readBy = (get: (name: string) => unknown): object =>
  Object.defineProperties({}, Object.fromEntries(NAMES.map((name) => [name, { get: () => get(name), enumerable: true }])));

/** A field that is text when it is first read, and something else from then on. */
function changing(): object {
  const seen = new Set<string>();
  return readBy((name) => {
    if (seen.has(name)) return { toString: 1 };
    seen.add(name);
    return 'a';
  });
}

/** Values that no file of JSON holds, and values that break what is careless with them. */
const HOSTILE = {
  undefined: () => undefined,
  nan: () => NaN,
  infinity: () => Infinity,
  negativeZero: () => -0,
  bigint: () => 2n ** 64n,
  symbol: () => Symbol('a'),
  function: () => refuse,
  class: () => Map,
  date: () => new Date(NaN),
  map: () => new Map([['chosen', 'a']]),
  set: () => new Set(['a']),
  regExp: () => /a/g,
  boxedText: () => new String('a'),
  typedArray: () => new Float32Array([1, NaN]),
  promise: () => Promise.resolve('a'),
  withoutPrototype: () => Object.assign(Object.create(null) as object, { role: 'assistant', content: 'a' }),
  inherited: () => Object.create({ chosen: 'a', rejected: 'b', role: 'assistant', content: 'c', beta: 1 }) as object,
  hole: () => Object.assign(new Array<unknown>(3), { 1: { role: 'assistant', content: 'a' } }),
  vastHole: () => new Array<unknown>(2 ** 32 - 1),
  cycle: () => withSelf({ role: 'assistant', content: 'a' }, 'tool_calls'),
  cyclicList: () => withSelf([] as unknown[], '0'),
  refusingProxy: () => refusing({}),
  refusingList: () => refusing([]),
  revokedProxy: () => revoked({}),
  revokedList: () => revoked([]),
  throwingGetters: () => readBy(refuse),
  changingGetters: changing,
  throwingJson: () => ({ toJSON: refuse, role: 'assistant', content: 'a' }),
  throwingText: () => ({ toString: refuse, valueOf: refuse, [Symbol.toPrimitive]: refuse }),
  throwingIterator: () => Object.assign([1], { [Symbol.iterator]: refuse }),
  oddConstructor: () => ({ constructor: { name: { toString: 1 } } }),
  throwingConstructor: () => Object.defineProperty({}, 'constructor', { get: refuse }),
  oddTag: () => ({ get [Symbol.toStringTag]() { return refuse(); } }), // prettier-ignore
  longText: () => 'ab '.repeat(20_000),
  loneSurrogate: () => 'a\uD800b',
} satisfies Readonly<Record<string, () => unknown>>;

type Hostile = keyof typeof HOSTILE;

/** Names of fields that this library reads, and names that objects have anyway. */
const NAMES = [
  ...['prompt', 'chosen', 'rejected', 'completion', 'label', 'weight', 'train', 'role', 'content', 'type', 'text'],
  ...['tool_calls', 'reasoning_content', 'tools', 'documents', 'chat_template_kwargs', 'conversations', 'system', 'from', 'value'],
  ...['tokens', 'mask', 'weights', 'reference', 'row', 'length', 'name', 'then', 'toJSON', 'toString', 'constructor', '__proto__'],
];

export function valueOf(recipe: Recipe): unknown {
  if ('plain' in recipe) return recipe.plain;
  if ('list' in recipe) return recipe.list.map(valueOf);
  if ('hostile' in recipe) return HOSTILE[recipe.hostile]();
  if ('record' in recipe) return recordOf(recipe.record.map(([name, value]) => [name, valueOf(value)]));
  let value: unknown = 'a';
  for (let i = 0; i < recipe.depth; i++) value = recipe.nested === 'list' ? [value] : { content: value };
  return value;
}

/** A record with these fields as its own, `__proto__` too. */
function recordOf(fields: readonly (readonly [string, unknown])[]): object {
  const record = {};
  for (const [name, value] of fields) Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
  return record;
}

const EDGES = [0, 1, -1, 0.5, 2, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, 5e-324, NaN, Infinity];
export const edgeNumber = fc.constantFrom(...EDGES);
const text = fc.oneof(
  fc.constantFrom('', ' ', 'a', '\n', '\0', '<|im_start|>assistant\n', '<|im_end|>', '{{'),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

export const hostile: fc.Arbitrary<Recipe> = fc
  .constantFrom(...(Object.keys(HOSTILE) as Hostile[]))
  .map((name): Recipe => ({ hostile: name }));
const plain: fc.Arbitrary<Recipe> = fc
  .oneof(text, fc.constantFrom(null, true, false, 'assistant', 'user'), edgeNumber, fc.integer(), fc.double())
  .map((value): Recipe => ({ plain: value }));
const deep: fc.Arbitrary<Recipe> = fc.record({ nested: fc.constantFrom('list', 'record'), depth: fc.constantFrom(3, 2000, 20_000) });

/** Any value. */
export const anything: fc.Arbitrary<Recipe> = fc.letrec<{ value: Recipe }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { arbitrary: plain, weight: 4 },
    { arbitrary: hostile, weight: 4 },
    { arbitrary: deep, weight: 1 },
    { arbitrary: fc.array(tie('value'), { maxLength: 3 }).map((list): Recipe => ({ list })), weight: 2 },
    { arbitrary: fieldsOf(fc.constantFrom(...NAMES), tie('value')), weight: 2 },
  ),
})).value;

/** A record with some of these names. */
function fieldsOf(name: fc.Arbitrary<string>, value: fc.Arbitrary<Recipe>): fc.Arbitrary<Recipe> {
  return fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 4 }).map((record): Recipe => ({ record }));
}

/** One of these values, or sometimes anything. */
export const mostly = (usual: fc.Arbitrary<Recipe>, weight = 6): fc.Arbitrary<Recipe> =>
  fc.oneof({ arbitrary: usual, weight }, { arbitrary: anything, weight: 1 });

/** A record with these fields, each sometimes missing. */
export const recordWith = (fields: Readonly<Record<string, fc.Arbitrary<Recipe>>>): fc.Arbitrary<Recipe> =>
  fc
    .tuple(
      ...Object.entries(fields).map(([name, value]) =>
        fc.option(
          value.map((v) => [name, v] as const),
          { freq: 8 },
        ),
      ),
    )
    .map((record): Recipe => ({ record: record.filter((field) => field !== null) }));
