// The site, built from docs/ by `npm run docs`.
import katex from 'katex';
import { cpSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ReflectionKind } from 'typedoc';
import { defineConfig, type DefaultTheme, type MarkdownRenderer } from 'vitepress';
import { losses } from '../../src/core.js';

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

const { description, repository } = JSON.parse(read('package.json')) as { description: string; repository: { url: string } };
const github = repository.url.replace(/^git\+|\.git$/g, '');

/** The first heading of a page, which is its name in the sidebar. */
const titleOf = (page: string): string => /^# (.*)$/m.exec(read(`docs/${page}.md`))![1]!.replaceAll('`', '');
const item = (page: string): DefaultTheme.SidebarItem => ({ text: titleOf(page), link: `/${page}` });
const group = (text: string, pages: readonly string[], collapsed = false): DefaultTheme.SidebarItem => ({
  text,
  collapsed,
  items: pages.map(item),
});

/** The reading order. */
const guides: DefaultTheme.SidebarItem[] = [
  group('Start', ['why', 'quick-start', 'quick-start-model', 'webgpu', 'playground']),
  group('Train', [
    'models',
    'data',
    'log-probs',
    'training',
    'reference',
    'accumulation',
    'scale',
    'lora',
    'packing',
    'logging',
    'checkpoints',
    'device-loss',
  ]),
  group('Losses', ['choosing', 'losses', 'recipes', 'images', 'variants', 'ops', 'testing', 'elsewhere']),
  group('Engines', ['backends', 'support', 'kernels', 'engine', 'accuracy', 'performance']),
  group('When in doubt', ['troubleshooting', 'migration', 'contract', 'limits', 'stability']),
  group(
    'Every loss',
    Object.keys(losses).map((name) => `losses/${name}`),
    true,
  ),
];

/** An entry of the navigation that TypeDoc writes. */
interface ApiEntry {
  readonly title: string;
  readonly kind?: ReflectionKind;
  readonly path?: string;
  readonly children?: readonly ApiEntry[];
}

/** The API by task, as TypeDoc has grouped it, without types: the pages of functions link to them. */
function api(): DefaultTheme.SidebarItem[] {
  const entries = JSON.parse(read('docs/api/navigation.json')) as ApiEntry[];
  const isType = (entry: ApiEntry): boolean => entry.kind === ReflectionKind.Interface || entry.kind === ReflectionKind.TypeAlias;
  const tasks = entries
    .flatMap((entry) => entry.children!)
    .map((task) => ({
      text: task.title,
      items: task.children!.filter((entry) => !isType(entry)).map(({ title, path }) => ({ text: title, link: `/api/${path!}` })),
      collapsed: true,
    }));
  return [{ text: 'Overview', link: '/api/' }, ...tasks];
}

/** Pages with wide tables have the width of the outline, too. */
const WIDE = new Set(['losses', 'choosing', 'performance', 'accuracy', 'migration', 'contract', 'backends', 'support', 'models', 'scale']);

/** The anchors of GitHub, so that a link to a heading leads there on the site and in the repository. */
const slugify = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');

/** Typesets blocks of the language `math`, as GitHub does. */
function withFormulas(md: MarkdownRenderer): void {
  const fence = md.renderer.rules.fence!;
  md.renderer.rules.fence = (tokens, i, ...rest) =>
    tokens[i]!.info.trim() === 'math'
      ? `<div class="formula" tabindex="0" v-pre>${katex.renderToString(tokens[i]!.content, { displayMode: true })}</div>`
      : fence(tokens, i, ...rest);
}

/** Files outside of docs/ are not part of the site: links to them lead to the repository. */
function withRepositoryLinks(md: MarkdownRenderer): void {
  md.core.ruler.push('repository-links', ({ tokens, env }) => {
    const { relativePath } = env as { relativePath: string };
    for (const link of tokens.flatMap((token) => token.children ?? []).filter((token) => token.type === 'link_open')) {
      const href = link.attrGet('href')!;
      const target = posix.join('docs', posix.dirname(relativePath), href);
      if (href.startsWith('../') && !target.startsWith('docs/')) link.attrSet('href', `${github}/blob/main/${target}`);
    }
  });
}

/** Tables scroll in a box of their own. */
function withScrollingTables(md: MarkdownRenderer): void {
  md.renderer.rules.table_open = () => '<div class="table" tabindex="0"><table>\n';
  md.renderer.rules.table_close = () => '</table></div>\n';
}

/** A falling loss. Without an icon, browsers ask for /favicon.ico and report that it is missing. */
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M2 2C4 11 8 13 14 13.5" fill="none" stroke="#4a78d8" stroke-width="3" stroke-linecap="round"/></svg>';

export default defineConfig({
  title: 'prefloss',
  description,
  lang: 'en',
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(ICON)}` }]],
  outDir: '../site',
  cacheDir: '../node_modules/.cache/vitepress',
  metaChunk: true, // the sidebars are one file, not a part of each page
  base: process.env.SITE_BASE ?? '/',
  markdown: {
    anchor: { slugify },
    config(md) {
      withFormulas(md);
      withRepositoryLinks(md);
      withScrollingTables(md);
    },
  },
  // The playground is a page by itself, built before the site.
  buildEnd({ outDir }) {
    cpSync(fileURLToPath(new URL('examples/playground/dist', root)), join(outDir, 'playground'), { recursive: true });
  },
  transformPageData({ frontmatter, relativePath }) {
    const page = relativePath.replace(/\.md$/, '');
    if (page === 'index') Object.assign(frontmatter, { sidebar: false, aside: false, pageClass: 'landing' });
    if (WIDE.has(page)) frontmatter.aside = false;
  },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/quick-start', activeMatch: '^/(?!api/|losses|playground|choosing).+' },
      { text: 'Losses', link: '/losses', activeMatch: '^/(losses|choosing)' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
      { text: 'Playground', link: '/playground' },
    ],
    sidebar: { '/api/': api(), '/': guides },
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    externalLinkIcon: true,
    socialLinks: [{ icon: 'github', link: github }],
  },
});
