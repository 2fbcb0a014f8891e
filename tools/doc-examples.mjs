// Copies every ```ts block of README.md, CONTRIBUTING.md, docs/, the pages of examples/ and the doc comments in src/ into
// .doc-examples/, where tsc type-checks them and Vitest runs them.
//
//   ```ts            type-checked and run
//   ```ts no-run     type-checked only
//   ```ts no-check   skipped
//
// A comment at the end of a `console.log(...)` states what it must print, apart from white space: the text that Node.js prints,
// or the arguments as strings. A log without a comment may print anything.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, '.doc-examples');

const files = (dir, extension) =>
  existsSync(join(root, dir))
    ? readdirSync(join(root, dir), { recursive: true })
        .filter((f) => f.endsWith(extension))
        .sort()
        .map((f) => join(dir, f))
    : [];

const parse = (name, text) => ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);

/** Returns the fenced blocks of a Markdown text as [{ info, code, line }], with lines counted from 0. */
function fencedBlocks(at, markdown) {
  const found = [];
  let open;
  markdown.split('\n').forEach((text, i) => {
    const fence = /^\s*(`{3,}|~{3,})\s*(.*)$/.exec(text);
    if (!open && fence) {
      open = { mark: fence[1], info: fence[2].trim(), line: i + 1, lines: [] };
    } else if (open && fence && fence[1].startsWith(open.mark) && fence[2] === '') {
      found.push({ info: open.info, line: open.line, code: open.lines.join('\n') });
      open = undefined;
    } else if (open) {
      open.lines.push(text);
    }
  });
  if (open) throw new Error(`${at}: a code block is not closed`);
  return found;
}

/** Returns the doc comments of a source file as Markdown, each with the line where it starts. */
function docComments(file, text) {
  const found = [];
  const source = parse(file, text);
  const seen = new Set();
  const visit = (node) => {
    for (const doc of node.jsDoc ?? []) {
      if (seen.has(doc.pos)) continue;
      seen.add(doc.pos);
      const markdown = text
        .slice(doc.pos, doc.end)
        .replace(/^\/\*\*|\*\/$/g, '')
        .replace(/^[ \t]*\*[ ]?/gm, '');
      found.push({ line: source.getLineAndCharacterOfPosition(doc.pos).line, markdown });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Returns the texts that the logs of an example must print, in order, and whether these are all of its logs. */
function expectedLogs(code) {
  const source = parse('example.ts', code);
  const logs = [];
  let all = true;
  const visit = (node, repeated) => {
    if (ts.isCallExpression(node) && node.expression.getText(source) === 'console.log') {
      const end = ts.isExpressionStatement(node.parent) ? node.parent.end : node.end;
      const comment = /^[;,)\s]*?\/\/ ?(?:=> )?(.*)$/.exec(code.slice(end).split('\n', 1)[0]);
      if (comment) logs.push(comment[1].trim());
      // It is unknown how often a log in a loop or a function runs.
      if (!comment || repeated) all = false;
    }
    const repeats = ts.isIterationStatement(node, false) || ts.isFunctionLike(node);
    ts.forEachChild(node, (child) => visit(child, repeated || repeats));
  };
  visit(source, false);
  return { logs, all };
}

function examplesOf(file, markdown, offset) {
  return fencedBlocks(`${file}:${offset + 1}`, markdown).flatMap(({ info, line, code }) => {
    const [language, ...flags] = info.split(/\s+/);
    if (!['ts', 'typescript'].includes(language) || flags.includes('no-check')) return [];
    const at = `${file.split(sep).join('/')}:${offset + line + 1}`;
    const name = at.replaceAll(/[^\w.-]/g, '_').replaceAll('.', '_');
    return { at, name, code, run: !flags.includes('no-run'), ...expectedLogs(code) };
  });
}

const testFile = (examples) => `import { format } from 'node:util';
import { expect, it, vi } from 'vitest';

const plain = (text: string) => text.replaceAll(/\\s+/g, ' ').trim();

/** Returns the printed texts, in the form (formatted, or arguments as strings) that equals the expected text if either does. */
function printed(calls: unknown[][], expected: string[], all: boolean): string[] {
  const ways = calls.map((args) => [format(...args), args.map(String).join(' ')].map(plain));
  if (all) return ways.map((texts, i) => texts.find((text) => text === expected[i]) ?? texts[0]!);
  let next = 0;
  for (const texts of ways) if (next < expected.length && texts.includes(expected[next]!)) next++;
  return next === expected.length ? expected : ways.map((texts) => texts[0]!);
}

async function run(example: () => Promise<unknown>, expected: string[], all: boolean) {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    await example();
    expect(printed(log.mock.calls, expected, all)).toEqual(expected);
  } finally {
    log.mockRestore();
  }
}

${examples
  .filter((e) => e.run)
  .map((e) => {
    const logs = JSON.stringify(e.logs.map((text) => text.replaceAll(/\s+/g, ' ')));
    return `it(${JSON.stringify(e.at)}, () => run(() => import('./${e.name}.js'), ${logs}, ${e.all}));\n`;
  })
  .join('')}`;

/** Rewrites .doc-examples/ and returns the number of examples. */
export function writeDocExamples() {
  const pages = ['README.md', 'CONTRIBUTING.md'].filter((f) => existsSync(join(root, f)));
  const read = (file) => readFileSync(join(root, file), 'utf8');
  const examples = [
    // docs/api/ is generated from the doc comments.
    ...[
      ...pages,
      ...files('docs', '.md').filter((file) => !file.startsWith(join('docs', 'api'))),
      ...files('examples', 'README.md'),
    ].flatMap((file) => examplesOf(file, read(file), 0)),
    ...files('src', '.ts').flatMap((file) => docComments(file, read(file)).flatMap((c) => examplesOf(file, c.markdown, c.line))),
  ];
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  for (const e of examples) writeFileSync(join(out, `${e.name}.ts`), `// ${e.at}\n${e.code}\nexport {};\n`);
  writeFileSync(join(out, 'examples.test.ts'), testFile(examples));
  return examples.length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(`${writeDocExamples()} examples from ${relative(process.cwd(), root) || '.'}`);
}
