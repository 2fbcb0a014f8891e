// docs/losses/<function>.md from the doc comments and the golden files, and the tables of docs/losses.md and docs/migration.md.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';
import { losses, type LossEntry } from '../../src/core.js';
import { table as plainTable, withPart } from '../markdown.js';
import { originals } from './originals.js';
import { plotted } from './plotted.js';
import { contract } from './contract.js';

const root = new URL('../../', import.meta.url);
const pathOf = (file: string): string => fileURLToPath(new URL(file, root));
const read = (file: string): string => readFileSync(pathOf(file), 'utf8');

interface GoldenFile {
  readonly sources: Readonly<Record<string, { readonly repo: string; readonly version: string; readonly function: string }>>;
  readonly records: readonly { readonly source: string; readonly agreement?: Readonly<Record<string, number>> }[];
  readonly deviations: readonly { readonly source: string; readonly reason: string }[];
}

/** Where a function with a page of its own is written. */
const sourceOf = (name: string): string =>
  ['losses', 'logprobs'].map((folder) => `src/${folder}/${name}.ts`).find((file) => existsSync(pathOf(file)))!;

/** A doc comment in parts. */
interface Comment {
  readonly description: string;
  readonly tags: readonly { readonly name: string; readonly text: string }[];
}

const clean = (text: string): string =>
  text
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^[ \t]*\*[ ]?/gm, '')
    .trim();

/** Links to functions with a page lead there; other names are code. */
const linked = (markdown: string): string =>
  markdown.replace(/\{@link (\w+)\}/g, (_, name: string) => (name in plotted ? `[\`${name}\`](${name}.md)` : `\`${name}\``));

function commentOf(node: ts.Node, source: ts.SourceFile): Comment {
  const [range] = (ts.getLeadingCommentRanges(source.text, node.pos) ?? []).slice(-1);
  if (!range) throw new Error(`${source.fileName}: ${node.getText(source).slice(0, 60)} has no doc comment`);
  const [description = '', ...tags] = clean(source.text.slice(range.pos, range.end)).split(/^@(?=\w)/m);
  return {
    description: linked(description.trim()),
    tags: tags.map((tag) => ({ name: /^\w+/.exec(tag)![0], text: linked(tag.replace(/^\w+\s*/, '').trim()) })),
  };
}

/** The documented members of an options type, wherever in it they stand; the first mention of a name counts. */
function optionsOf(source: ts.SourceFile): readonly { readonly name: string; readonly isOptional: boolean; readonly text: string }[] {
  const found = new Map<string, { name: string; isOptional: boolean; text: string }>();
  const visit = (node: ts.Node): void => {
    const isNever = ts.isPropertySignature(node) && node.type?.getText(source) === 'undefined';
    if (ts.isPropertySignature(node) && !isNever && ts.getJSDocCommentsAndTags(node).length > 0) {
      const name = node.name.getText(source);
      const text = commentOf(node, source).description.replaceAll(/\s+/g, ' ');
      if (!found.has(name)) found.set(name, { name, isOptional: node.questionToken !== undefined, text });
    }
    ts.forEachChild(node, visit);
  };
  for (const statement of source.statements) {
    const isOptions =
      (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) && /Options$|^TargetMargin$/.test(statement.name.text);
    if (isOptions) visit(statement);
  }
  return [...found.values()];
}

/** Of some functions the options are in a file beside them. */
const OPTIONS_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  aotUnpaired: ['aot'],
  alphaPo: ['alphaPo', 'simpo'],
  tpo: ['tpo', 'simpo'],
};

/** The doc comment of an exported function. */
function functionComment(name: string): Comment {
  const file = sourceOf(name);
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
  const node = source.statements.find((s) => ts.isFunctionDeclaration(s) && s.name?.text === name);
  return commentOf(node!, source);
}

const goldenOf = (name: string): GoldenFile | undefined => {
  const file = `test/goldens/${name === 'klEstimate' ? 'kto' : name}.json`;
  return existsSync(pathOf(file)) ? (JSON.parse(read(file)) as GoldenFile) : undefined;
};

/** A table whose cells may hold bars. */
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  plainTable([head, head.map(() => '---'), ...rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))]);

/** What the values and gradients were compared with, and how far each was from 50 digits. */
function proof(name: string): string {
  const golden = goldenOf(name);
  if (!golden)
    return 'Which tokens are drawn depends on the generator, so that there are no numbers of others to compare with; tests assert what is drawn.';
  const rows = Object.entries(golden.sources).map(([id, { repo, version, function: text }]) => {
    const off = golden.records.map((r) => r.agreement?.[id]).filter((x) => x !== undefined);
    const records = id === 'exact' ? golden.records.filter((r) => r.source === id).length : off.length;
    const excluded = golden.deviations.filter((d) => d.source === id);
    const worst = id === 'exact' ? '' : off.length === 0 ? '' : Math.max(...off).toExponential(1);
    const reasons = [...new Set(excluded.map((d) => d.reason))].map((reason) => `; off in ${excluded.length}: ${reason}`).join('');
    return [id === 'exact' ? 'the formula, 50 digits' : `${repo} ${shortened(version)}`, `${text}${reasons}`, String(records), worst];
  });
  return `${table(['original', 'what was executed', 'records', 'largest deviation'], rows)}\n\nDeviations are those of the originals from 50 digits, value and gradient, relative to max(1, |value|). What this library gives on each engine is tested against these numbers; see [accuracy](../accuracy.md).`;
}

/** Commits by their first digits. */
const shortened = (version: string): string => (/^[0-9a-f]{40}$/.test(version) ? version.slice(0, 7) : version);

const COUPLING = {
  nothing: 'Each value depends on its own example alone.',
  statistics: 'A value depends on the batch through a statistic that is an argument: add up that of all parts first.',
  order: 'A value depends on the other examples themselves: a batch in parts is another loss.',
} as const;

/** Whether an option has to be given. */
const need = ({ name, isOptional }: { name: string; isOptional: boolean }): string =>
  name.startsWith('gamma') ? 'one of the two' : isOptional ? '' : 'required';

async function page(name: string): Promise<string> {
  const { description, tags } = functionComment(name);
  const text = (wanted: string): string[] => tags.filter((tag) => tag.name === wanted).map((tag) => tag.text);
  const files = OPTIONS_ELSEWHERE[name] ?? [name];
  const options = files.flatMap((file) => optionsOf(ts.createSourceFile(file, read(sourceOf(file)), ts.ScriptTarget.Latest, true)));
  const shown = options.filter((option, i) => options.findIndex((o) => o.name === option.name) === i);
  const entry = (losses as Readonly<Record<string, LossEntry>>)[name];
  const elsewhere = originals.filter((o) => o.loss === name);
  const parts = [
    `# ${name}`,
    description,
    `![${name} and its slope](../plots/${name}.svg)`,
    '## Input and output',
    [...text('param').map((p) => `- \`${p.replace(' - ', '`: ')}`), ...text('returns').map((r) => `- Returns: ${r}`), ...text('throws').map((t) => `- Throws: ${t}`)].join('\n'), // prettier-ignore
    ...(entry ? [COUPLING[entry.coupling]] : []),
    ...(shown.length > 0 ? ['## Options', table(['option', '', 'meaning'], shown.map((o) => [`\`${o.name}\``, need(o), o.text]))] : []), // prettier-ignore
    ...(text('example').length > 0 ? ['## Example', text('example').join('\n\n').replaceAll('```ts', '```ts no-check')] : []),
    ...(elsewhere.length > 0 ? ['## Elsewhere', table(['library', 'there', 'here', ''], elsewhere.map((o) => [o.library, o.name, `\`${o.call}\``, o.note ?? '']))] : []), // prettier-ignore
    '## Compared with',
    proof(name),
    ...(text('see').length > 0
      ? [
          '## Published in',
          text('see')
            .map((s) => `- ${s.replaceAll(/\s+/g, ' ')}`)
            .join('\n'),
        ]
      : []),
    '[All losses](../losses.md)',
  ];
  return pretty(`${parts.join('\n\n')}\n`);
}

const pretty = async (markdown: string): Promise<string> =>
  format(markdown, { ...(await resolveConfig(pathOf('docs/losses.md'))), parser: 'markdown' });

/** The formula of a loss: the last line of what is indented in its doc comment, with the lines that go on with it. */
function formulaOf(name: string): string {
  const lines = functionComment(name).description.split('\n');
  const start = lines.findIndex((line) => /^ {4}loss +=/.test(line));
  const end = lines.findIndex((line, i) => i > start && !/^ {8,}\S/.test(line));
  const whole = lines.slice(start, end).map((line) => line.trim().replaceAll(/\s+/g, ' '));
  return whole
    .join(' ')
    .replace(/^loss = /, '')
    .replace(' where desirable ', ' where desirable, ')
    .replace(/ with \w+ = \w+$/, '');
}

const LIBRARIES = ['TRL', 'Liger-Kernel', 'HALOs', 'OpenRLHF'];

/** Every loss beside the libraries that have it. */
function comparison(): string {
  const rows = Object.entries(losses as Readonly<Record<string, LossEntry>>).map(([name, { logps, coupling, paper }]) => [
    `[\`${name}\`](losses/${name}.md)`,
    `\`${formulaOf(name)}\``,
    logps === 'none' ? '' : logps,
    coupling === 'nothing' ? '' : coupling,
    `[${paper}](https://arxiv.org/abs/${paper})`,
    ...LIBRARIES.map((library) => (originals.some((o) => o.loss === name && o.library === library) ? 'yes' : '')),
  ]);
  return table(['function', 'formula', 'log-probs', 'batch', 'paper', ...LIBRARIES], rows);
}

/** Every call elsewhere beside the one here. */
const migration = (): string =>
  [...new Set(originals.map((o) => o.library))]
    .map((library) => {
      const rows = originals
        .filter((o) => o.library === library)
        .map((o) => [o.name, `[\`${o.call}\`](losses/${o.loss}.md)`, o.note ?? '']);
      return `### ${library}\n\n${table(['there', 'here', ''], rows)}`;
    })
    .join('\n\n');

/** A page with the part between its marks written anew. */
const filled = async (file: string, part: string): Promise<string> =>
  pretty(withPart(read(file), 'npm run generate writes this', `\n\n${part}\n\n`));

/** All pages that are written from sources, by their path. */
export async function pages(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of Object.keys(plotted)) files.set(`docs/losses/${name}.md`, await page(name));
  files.set('docs/losses.md', await filled('docs/losses.md', comparison()));
  files.set('docs/migration.md', await filled('docs/migration.md', migration()));
  files.set('docs/contract.md', await pretty(contract()));
  return files;
}
