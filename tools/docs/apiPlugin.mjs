// A plugin of TypeDoc. The folders of src/ are the tasks that a reader has, so they are the categories of the API; and the type
// parameter `T` of nearly every function is explained once, on the first page, instead of on each.
import { existsSync, readFileSync } from 'node:fs';
import { Comment, CommentTag, Converter } from 'typedoc';
import { MarkdownPageEvent } from 'typedoc-plugin-markdown';

/** The category of the declarations in a folder or file of src/; of several rows that match, the first. */
const CATEGORIES = [
  ['losses/', 'Losses'],
  ['catalogue', 'Losses'],
  ['internal/', 'Losses'],
  ['logprobs/', 'Log-probs'],
  ['masking/', 'Masking'],
  ['data/', 'Data'],
  ['metrics/', 'Metrics'],
  ['tfjs/training/', 'Training'],
  ['tfjs/device', 'Training'],
  ['testing/', 'Testing'],
  ['backend/', 'Engines'],
  ['tfjs/', 'Engines'],
  ['jax/', 'Engines'],
  ['core', 'Engines'],
  ['index', 'Engines'],
];

/** The table of type parameters, if it has the one row `T` and says nothing about it. */
const T = /## Type Parameters\n\n\| Type Parameter \|\n\| :-+ \|\n\| [^|]*`T` \|\n\n?/;

/** The entries of the package, whose modules TypeDoc calls by their files. */
const ENTRIES = { index: 'prefloss', testing: 'prefloss/testing', jax: 'prefloss/jax' };

function categoryOf(file) {
  const [, path] = /\/src\/(.*)$/.exec(file);
  const row = CATEGORIES.find(([start]) => path.startsWith(start));
  if (!row) throw new Error(`tools/docs/apiPlugin.mjs: no category for src/${path}`);
  return row[1];
}

/** @param {import('typedoc-plugin-markdown').MarkdownApplication} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) {
      for (const reflection of module.children ?? []) {
        const file = project.getSymbolIdFromReflection(reflection)?.fileName;
        const category = new CommentTag('@category', [{ kind: 'text', text: categoryOf(file) }]);
        // Of a function, the comment is that of its signatures.
        for (const owner of reflection.signatures ?? [reflection]) (owner.comment ??= new Comment()).blockTags.push(category);
      }
    }
  });
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    if (page.url === 'index.md') page.contents = readFileSync(new URL('api.md', import.meta.url), 'utf8');
    page.contents = page.contents.replace(T, '');
    const { name } = page.model;
    if (page.url === `${name}/index.md`) page.contents = page.contents.replace(`# ${name}`, `# ${ENTRIES[name]}`);
    if (page.url.startsWith('index/functions/') && existsSync(`docs/losses/${name}.md`)) {
      page.contents = page.contents.replace(/\n\n/, `\n\n[Formula, plot and comparisons](../../../losses/${name}.md)\n\n`);
    }
  });
}
