/** The documentation site: built when what it needs is installed (`npm run docs:site` does that). */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const site = join(ROOT, 'docs-site');
const dist = join(site, '.vitepress/dist');
const installed = existsSync(join(site, 'node_modules'));

test.skipIf(!installed)(
  'has every document, the API reference and a search index (skipped before `npm run docs:site`)',
  () => {
    // A link that leads nowhere fails the build.
    execFileSync('npm', ['run', '--silent', 'build', '--prefix', site], { cwd: ROOT, stdio: 'pipe' });
    const missing = globSync('docs/*.md', { cwd: ROOT })
      .map((path) => `${basename(path, '.md')}.html`)
      .filter((page) => !existsSync(join(dist, page)));
    expect(missing).toEqual([]);
    expect(readFileSync(join(dist, 'api/client/classes/PresenceClient.html'), 'utf8')).toContain('joinFriend');
    // Nothing of the theme is left unrendered.
    expect(readFileSync(join(dist, 'guide.html'), 'utf8')).not.toContain('{{');
    const [index = ''] = globSync('assets/chunks/@localSearchIndexroot*.js', { cwd: dist });
    const searched = readFileSync(join(dist, index), 'utf8');
    expect(searched).toContain('/guide.html#page-reload');
    expect(searched).toContain('/api/client/classes/PresenceClient.html');
  },
  180_000,
);
