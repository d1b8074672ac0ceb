import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const content = join(import.meta.dirname, '../content');
const { homepage, description } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));

/** Every page once. A page that is in no group is listed at the end, so that none is forgotten. */
const GROUPS = {
  'Getting started': ['index', 'guide', 'matches', 'react', 'testing', 'recipes', 'troubleshooting'],
  Reference: ['options', 'protocol', 'engines', 'parity', 'changelog'],
  'In production': ['operations', 'scaling', 'security', 'guarantees', 'performance'],
  Inside: ['architecture'],
};

function title(page) {
  return page === 'index'
    ? 'Overview'
    : (/^# (.*)$/m.exec(readFileSync(join(content, `${page}.md`), 'utf8'))?.[1] ?? page);
}

function sidebar(pages) {
  const grouped = new Set(Object.values(GROUPS).flat());
  const groups = { ...GROUPS, More: pages.filter((page) => !grouped.has(page)) };
  return [
    ...Object.entries(groups)
      .map(([text, names]) => ({
        text,
        items: names
          .filter((page) => existsSync(join(content, `${page}.md`)))
          .map((page) => ({ text: title(page), link: page === 'index' ? '/' : `/${page}` })),
      }))
      .filter(({ items }) => items.length > 0),
    { text: 'API', link: '/api/' },
  ];
}

export default () => {
  const pages = globSync('*.md', { cwd: content }).map((file) => file.replace(/\.md$/, ''));
  return {
    title: 'colyseus-presence',
    description,
    base: process.env.DOCS_BASE ?? '/',
    srcDir: 'content',
    cleanUrls: false,
    lastUpdated: false,
    vite: { esbuild: { tsconfigRaw: {} }, build: { chunkSizeWarningLimit: 2000 } },
    themeConfig: {
      search: { provider: 'local' },
      sidebar: sidebar(pages),
      outline: [2, 3],
      socialLinks: [{ icon: 'github', link: homepage }],
    },
  };
};
