// Generates docs/losses/<function>.md from the doc comments and the golden files, and the tables of docs/losses.md and docs/migration.md.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';
import { losses, type LossEntry, type LossName } from '../../src/core.js';
import { checked } from './checked.js';
import { table as plainTable, withPart } from '../markdown.js';
import { formulas } from './formulas.js';
import { goldenOf, originalsOf } from './goldens.js';
import { AUTHORS, originalRecipes, originals } from './originals.js';
import { plotted } from './plotted.js';
import { contract } from './contract.js';

const root = new URL('../../', import.meta.url);
const pathOf = (file: string): string => fileURLToPath(new URL(file, root));
const read = (file: string): string => readFileSync(pathOf(file), 'utf8');

/** The source file of a function that has a page, or of shared options. */
const sourceOf = (name: string): string =>
  ['losses', 'logprobs', 'internal'].map((folder) => `src/${folder}/${name}.ts`).find((file) => existsSync(pathOf(file)))!;

/** The source file that declares a type of an argument. */
const fileOfType = (type: string): string =>
  ['losses', 'logprobs']
    .flatMap((folder) => readdirSync(pathOf(`src/${folder}`)).map((file) => `src/${folder}/${file}`))
    .find((file) => new RegExp(`^export (interface|type) ${type}\\b`, 'm').test(read(file)))!;

/** A parsed doc comment. */
interface Comment {
  readonly description: string;
  readonly tags: readonly { readonly name: string; readonly text: string }[];
}

const clean = (text: string): string =>
  text
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^[ \t]*\*[ ]?/gm, '')
    .trim();

/** Replaces `{@link name}` by a link to the page of the function, or by code if it has no page. */
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

/** Returns the documented members of the types of a file whose names match, nested ones included; of several with the same name, the first. */
function membersOf(file: string, types: RegExp): readonly { readonly name: string; readonly isOptional: boolean; readonly text: string }[] {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
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
    const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
    if (isType && types.test(statement.name.text)) visit(statement);
  }
  return [...found.values()];
}

/** Returns the fields of the type of an argument, those of the type that it adds fields to first. */
function fieldsOf(type: string): ReturnType<typeof membersOf> {
  const file = fileOfType(type);
  const [, base] = new RegExp(`^export type ${type}<T> = (\\w+)<T> & `, 'm').exec(read(file)) ?? [];
  return [...(base === undefined ? [] : fieldsOf(base)), ...membersOf(file, new RegExp(`^${type}$`))];
}

/** Files with the options of functions that do not declare all of them in their own file. */
const OPTIONS_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  aotUnpaired: ['aot'],
  simpo: ['simpo', 'targetMargin'],
  alphaPo: ['alphaPo', 'targetMargin'],
  simNpo: ['simNpo', 'targetMargin'],
  alphaDpo: ['alphaDpo', 'targetMargin'],
};

/** Returns the doc comment of an exported function. */
function functionComment(name: string): Comment {
  const file = sourceOf(name);
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
  const node = source.statements.find((s) => ts.isFunctionDeclaration(s) && s.name?.text === name);
  return commentOf(node!, source);
}

/** A table whose cells may contain bars. */
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  plainTable([head, head.map(() => '---'), ...rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))]);

/** Lists what the values and gradients were compared with, and the deviation of each original from 50 digits. */
function proof(name: string): string {
  const golden = goldenOf(name === 'klEstimate' ? 'kto' : name);
  if (!golden)
    return 'The result depends on the random number generator, so there are no values of other implementations to compare with. The tests check which tokens are drawn.';
  const rows = Object.entries(golden.sources).map(([id, { repo, version, function: text }]) => {
    const off = golden.records.map((r) => r.agreement?.[id]).filter((x) => x !== undefined);
    const records = id === 'exact' ? golden.records.filter((r) => r.source === id).length : off.length;
    const reasons = golden.deviations.filter((d) => d.source === id).map((d) => d.reason);
    const worst = off.length === 0 ? '' : Math.max(...off).toExponential(1);
    const known = [...new Set(reasons)]
      .map((reason) => `; deviates in ${reasons.filter((r) => r === reason).length} records: ${reason}`)
      .join('');
    return [id === 'exact' ? 'the formula, 50 digits' : `${repo} ${shortened(version)}`, `${text}${known}`, String(records), worst];
  });
  const compared = table(['source', 'executed', 'records', 'largest deviation'], rows);
  const deviations =
    originalsOf(golden).length > 0
      ? 'The deviation is the largest difference of a value or gradient of the original from the formula in 50 digits, relative to max(1, |value|).'
      : 'No other implementation was executed.';
  return `${compared}\n\n${deviations} This library is tested against these records on every engine; see [accuracy](../accuracy.md).`;
}

/** Abbreviates commit hashes. */
const shortened = (version: string): string => (/^[0-9a-f]{40}$/.test(version) ? version.slice(0, 7) : version);

const COUPLING = {
  nothing: 'Each value depends only on its own example.',
  statistics:
    'Values depend on the batch only through a statistic that is an argument. If a batch is processed in parts, [combine the statistics of all parts](../scale.md#what-is-exchanged) first.',
  order:
    'Each value depends on the other examples of the batch, so splitting a batch generally changes the losses, unless [each part has the other rows as constants](../scale.md#losses-that-need-the-other-rows).',
} as const;

/** Whether an option is required. The target margin is, by either of its two names. */
const need = ({ name, isOptional }: { name: string; isOptional: boolean }, hasTargetMargin: boolean): string => {
  if (hasTargetMargin && name.startsWith('gamma')) return 'one of the two';
  return isOptional ? '' : 'required';
};

const OUT_OF_RANGE =
  'Where values cannot be read synchronously (WebGPU, WebGL), a value out of range in a tensor is not an error, but makes the losses that depend on it NaN; see [values that cannot be read](../backends.md#values-that-cannot-be-read).';

/** The report of `checkLoss`, as its reader would print it. */
async function reported(name: LossName): Promise<string> {
  const { kind, logps } = losses[name];
  const ahead = kind.endsWith('ompletions') ? 'the completions are more likely' : 'it prefers the right side';
  const sample = logps === 'none' ? 'rewards' : logps === 'mean' ? 'mean log-probs' : 'summed log-probs';
  return `This is the report of \`checkLoss\` on four rows of ${sample}. The policy is \`level\` where it equals the reference, or its log-probs are all the same; it is \`ahead\` where ${ahead}. Training raises inputs with a negative slope. [The lines of the report](../variants.md#the-report).

\`\`\`text
${String(await checked(name))}
\`\`\``;
}

/** A description with the formula in TeX above the plain one. GitHub and the site typeset blocks of the language `math`. */
function withFormula(description: string, formula: string): string {
  const [summary, ...rest] = description.split('\n\n    ');
  return [`${summary!}\n\n\`\`\`math\n${formula}\n\`\`\`\n\nWith the names of the code:`, ...rest].join('\n\n    ');
}

async function page(name: string): Promise<string> {
  const { description, tags } = functionComment(name);
  const text = (wanted: string): string[] => tags.filter((tag) => tag.name === wanted).map((tag) => tag.text);
  const files = OPTIONS_ELSEWHERE[name] ?? [name];
  const options = files.flatMap((file) => membersOf(sourceOf(file), /Options$|^TargetMargin$/));
  const shown = options.filter((option, i) => options.findIndex((o) => o.name === option.name) === i);
  const hasTargetMargin = shown.some((o) => o.name === 'gammaBetaRatio');
  const entry = (losses as Readonly<Record<string, LossEntry>>)[name];
  for (const option of entry?.required ?? []) {
    if (!shown.some((o) => o.name === option)) throw new Error(`${name}: the page lacks the required option ${option}`);
  }
  const types = text('param').flatMap((param) => /see `(\w+)`/i.exec(param)?.[1] ?? []);
  const fields = types.filter((type) => !type.endsWith('Options')).flatMap(fieldsOf);
  const elsewhere = originals.filter((o) => o.loss === name);
  const parts = [
    `# ${name}`,
    entry ? withFormula(description, formulas[name as LossName]) : description,
    `![${name}${plotted[name]!.hasSlope === false ? '' : ' and its slope'}](../plots/${name}.svg)`,
    '## Input and output',
    [...text('param').map((p) => `- \`${p.replace(' - ', '`: ')}`), ...text('returns').map((r) => `- Returns: ${r}`), ...text('throws').map((t) => `- Throws: ${t}`)].join('\n'), // prettier-ignore
    ...(fields.length > 0 ? [table(['field', '', 'meaning'], fields.map((f) => [`\`${f.name}\``, f.isOptional ? '' : 'required', f.text]))] : []), // prettier-ignore
    ...(entry ? [COUPLING[entry.coupling]] : []),
    ...(shown.length > 0 ? ['## Options', table(['option', '', 'meaning'], shown.map((o) => [`\`${o.name}\``, need(o, hasTargetMargin), o.text]))] : []), // prettier-ignore
    ...(entry?.perExample.length ? [OUT_OF_RANGE] : []),
    ...(text('example').length > 0 ? ['## Example', text('example').join('\n\n').replaceAll('```ts', '```ts no-check')] : []),
    ...(entry ? ['## What it does', await reported(name as LossName)] : []),
    ...(elsewhere.length > 0 ? ['## In other libraries', table(['library', 'name', 'prefloss', 'note'], elsewhere.map((o) => [o.library, o.name, `\`${o.call}\``, o.note ?? '']))] : []), // prettier-ignore
    '## Compared with',
    proof(name),
    ...(text('see').length > 0
      ? [
          '## References',
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

/** Returns the formula of a loss: the indented line of its doc comment that starts with `loss =`, with its continuation lines. */
function formulaOf(name: string): string {
  const lines = functionComment(name).description.split('\n');
  const start = lines.findIndex((line) => /^ {4}loss +=/.test(line));
  const end = lines.findIndex((line, i) => i > start && !/^ {8,}\S/.test(line));
  const whole = lines.slice(start, end).map((line) => line.trim().replaceAll(/\s+/g, ' '));
  return whole
    .join(' ')
    .replace(/^loss = /, '')
    .replace(' where desirable ', ' where desirable, ')
    .replace(/ with \w+ = \w+(, or [\w -]+)?$/, '');
}

const LIBRARIES = ['TRL', 'Liger-Kernel', 'HALOs', 'OpenRLHF'];

/** The table of all losses, with the libraries that have them. */
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

/** Tables of the losses of other libraries, with the calls of prefloss, or the recipe of several calls. */
function migration(): string {
  const all = [
    ...originals.map((o) => ({ ...o, here: `[\`${o.call}\`](losses/${o.loss}.md)` })),
    ...originalRecipes.map((o) => ({ ...o, here: o.section })),
  ];
  const libraries = [...new Set(all.map((o) => o.library).filter((library) => library !== AUTHORS)), AUTHORS];
  return libraries
    .map((library) => {
      const rows = all.filter((o) => o.library === library).map((o) => [o.name, o.here, o.note ?? '']);
      return `### ${library}\n\n${table([library, 'prefloss', 'note'], rows)}`;
    })
    .join('\n\n');
}

/** Returns a page with the part between its marks replaced. */
const filled = async (file: string, part: string): Promise<string> =>
  pretty(withPart(read(file), 'npm run generate writes this', `\n\n${part}\n\n`));

/** Returns all generated pages, by path. */
export async function pages(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of Object.keys(plotted)) files.set(`docs/losses/${name}.md`, await page(name));
  files.set('docs/losses.md', await filled('docs/losses.md', comparison()));
  files.set('docs/migration.md', await filled('docs/migration.md', migration()));
  files.set('docs/contract.md', await pretty(contract()));
  return files;
}
