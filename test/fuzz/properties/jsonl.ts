import fc from 'fast-check';
import { parseJsonl, parseJsonlStream } from '../../../src/index.js';
import { ensure, property, thrownBy } from '../property.js';

/** Lines of a file: of JSON, nearly JSON, and anything. */
const line = fc.oneof(
  fc.json(),
  fc.jsonValue().map((value) => JSON.stringify(value).slice(0, -1)),
  fc.constantFrom('', ' ', '\t', '\r', '\u2028', '\uFEFF', 'NaN', "{'a': 1}", '[1,]', '{"__proto__": 1}', '"\\ud800"', '1e999', '-0'),
  fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', '')),
  // Bytes that are no UTF-8.
  fc.uint8Array({ maxLength: 12 }).map((bytes) => new TextDecoder('latin1').decode(bytes).replaceAll('\n', '')),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => new TextDecoder().decode(bytes).replaceAll('\n', '')),
  fc.constantFrom(10, 1000).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
  fc.constant(`"${'a'.repeat(200_000)}"`),
);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export const jsonl = property<{ lines: readonly string[]; ending: string }>({
  name: 'parseJsonl gives the value of every line, or names the first that is not JSON',
  runs: 500,
  input: fc.record({ lines: fc.array(line, { maxLength: 5 }), ending: fc.constantFrom('\n', '\r\n') }),
  holds: async ({ lines, ending }) => {
    const text = lines.join(ending);
    const read = text.replace(/^\uFEFF/, '').split('\n');
    const bad = read.findIndex((part) => part.trim() !== '' && !isJson(part));
    let values: unknown[] = [];
    const error = await thrownBy(() => {
      values = parseJsonl(text, { name: 'a.jsonl' });
    });
    if (bad >= 0) {
      const begin = `parseJsonl: line ${bad + 1} of a.jsonl is not JSON: `;
      ensure(error instanceof SyntaxError && error.message.startsWith(begin), () => `expected "${begin}...", got ${String(error)}`);
      return;
    }
    ensure(error === undefined, () => `threw ${String(error)}`);
    const wanted = read.filter((part) => part.trim() !== '');
    ensure(values.length === wanted.length, () => `${values.length} values of ${wanted.length} lines`);
    ensure(JSON.stringify(values) === `[${wanted.map((part) => JSON.stringify(JSON.parse(part))).join()}]`, () => 'other values');
  },
});

export const jsonlStream = property<{ lines: readonly string[]; ending: string; cuts: readonly number[] }>({
  name: 'parseJsonlStream of the bytes, cut anywhere, gives what parseJsonl gives of the text',
  runs: 300,
  input: fc.record({
    lines: fc.array(line, { maxLength: 5 }),
    ending: fc.constantFrom('\n', '\r\n'),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
  }),
  findings: [{ lines: ['\uFEFF"\u{1F600}"', '1'], ending: '\r\n', cuts: [0.07, 0.15, 0.4, 0.5, 0.9] }],
  holds: async ({ lines, ending, cuts }) => {
    const bytes = new TextEncoder().encode(lines.join(ending)); // a lone surrogate becomes U+FFFD
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const ends = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length].sort((a, b) => a - b);
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        ends.slice(1).forEach((end, i) => {
          controller.enqueue(bytes.subarray(ends[i], end));
        });
        controller.close();
      },
    });
    let whole: unknown[] | undefined;
    const expected = await thrownBy(() => {
      whole = parseJsonl(text);
    });
    const values: unknown[] = [];
    const error = await thrownBy(async () => {
      for await (const value of parseJsonlStream(chunks)) values.push(value);
    });
    const message = (thrown: Error | undefined): string => String(thrown).replace('parseJsonlStream', 'parseJsonl');
    ensure(message(error) === message(expected), () => `threw ${String(error)}, expected ${String(expected)}`);
    if (whole) ensure(JSON.stringify(values) === JSON.stringify(whole), () => 'other values');
  },
});

export const jsonlRows = property<{ rows: readonly unknown[]; kind: 'preference' | 'unpaired' }>({
  name: 'parseJsonl accepts rows, or names the line of the first that is none',
  runs: 300,
  input: fc.record({
    rows: fc.array(
      fc.oneof(
        fc.constant({ chosen: 'a', rejected: 'b', completion: 'c', label: true }),
        fc.record({ chosen: fc.jsonValue(), rejected: fc.jsonValue(), completion: fc.jsonValue(), label: fc.jsonValue() }),
        fc.jsonValue(),
      ),
      { maxLength: 4 },
    ),
    kind: fc.constantFrom('preference', 'unpaired'),
  }),
  findings: [{ rows: [{ chosen: { constructor: { name: { toString: 1 } } }, rejected: 'y' }], kind: 'preference' }],
  holds: async ({ rows, kind }) => {
    const text = rows.map((row) => JSON.stringify(row)).join('\n');
    const error = await thrownBy(() => (kind === 'preference' ? parseJsonl(text, { rows: kind }) : parseJsonl(text, { rows: kind })));
    if (error === undefined) return;
    ensure(error instanceof RangeError && /^parseJsonl: line \d+ of text\b/.test(error.message), () => `threw ${String(error)}`);
  },
});
