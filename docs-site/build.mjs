// The documentation as a static site with search: every page of docs/, and the API reference from the
// docstrings. `npm run docs:site` in the folder above installs what this needs and runs it.
// Set DOCS_BASE when the site is not served from the root of its host: /colyseus-presence/
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { Application } from 'typedoc';
import { build } from 'vitepress';

const here = import.meta.dirname;
const root = join(here, '..');
const content = join(here, 'content');
const { homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const repository = homepage.replace(/#.*/, '');

/** Where a file of the repository is on the site; everything else is linked to in the repository. */
const PAGES = new Map([
  ['README.md', 'index.md'],
  ['CHANGELOG.md', 'changelog.md'],
  ...globSync('docs/*.md', { cwd: root }).map((path) => [path.replaceAll('\\', '/'), basename(path)]),
]);

function place(target, from) {
  if (/^([a-z]+:|#)/.test(target)) {
    return target;
  }
  const [file, id] = target.split('#');
  const path = posix.join(posix.dirname(from), file);
  const anchor = id === undefined ? '' : `#${id}`;
  if (PAGES.has(path)) {
    return `./${PAGES.get(path)}${anchor}`;
  }
  return path.startsWith('docs/images/') ? `./images/${basename(path)}` : `${repository}/blob/main/${path}${anchor}`;
}

rmSync(content, { recursive: true, force: true });
mkdirSync(content);
cpSync(join(root, 'docs/images'), join(content, 'images'), { recursive: true });
for (const [from, to] of PAGES) {
  const text = readFileSync(join(root, from), 'utf8')
    .replaceAll(/\]\(([^)\s]+)\)/g, (_, target) => `](${place(target, from)})`)
    // "ts server.mts" names the file; only the first word is a language.
    .replaceAll(/^```(\w+) .*$/gm, '```$1');
  writeFileSync(join(content, to), text);
}

const app = await Application.bootstrapWithPlugins({
  plugin: ['typedoc-plugin-markdown'],
  entryPoints: globSync(['src/index.ts', 'src/*/index.ts'], { cwd: root })
    .filter((path) => isExported(path.replaceAll('\\', '/')))
    .map((path) => join(root, path)),
  tsconfig: join(root, 'tsconfig.build.json'),
  name: 'API',
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  disableSources: true,
  hideBreadcrumbs: true,
  entryFileName: 'index.md',
  logLevel: 'Error',
  out: join(content, 'api'),
});
const project = await app.convert();
if (project === undefined) {
  throw new Error('The sources could not be read: see above.');
}
await app.generateOutputs(project);
if (!existsSync(join(content, 'api'))) {
  throw new Error('The API reference was not written.');
}

function isExported(path) {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const built = path.replace(/^src/, './dist').replace(/ts$/, 'js');
  return Object.values(exports).some((target) => target.default === built);
}

await build(here);
console.log(`The site is in ${join(here, '.vitepress', 'dist')}`);
