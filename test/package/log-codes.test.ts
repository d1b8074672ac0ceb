/** Every code of a log line is written somewhere, and explained in the troubleshooting page; no line goes without one. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { LOG_CODES } from '../../src/log-codes.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const sources = globSync('**/*.ts', { cwd: join(ROOT, 'src') })
  .filter((path) => path !== 'log-codes.ts')
  .map((path) => readFileSync(join(ROOT, 'src', path), 'utf8'));

test('the codes of the sources are those of the list', () => {
  const written = sources.flatMap((text) =>
    [...text.matchAll(/\[presence:(?:(\w+)|\$\{([^}]+)\})\]/g)].flatMap(([, code, choice = '']) =>
      code === undefined ? [...choice.matchAll(/'(\w+)'/g)].map(([, one = '']) => one) : [code],
    ),
  );
  expect([...new Set(written)].sort()).toEqual([...LOG_CODES].sort());
});

test('the troubleshooting page says of each what it means and what to do', () => {
  const page = readFileSync(join(ROOT, 'docs/troubleshooting.md'), 'utf8');
  const sections = [...page.matchAll(/^### `(\w+)`\n+([\s\S]*?)(?=\n#|$(?![\s\S]))/gm)];
  expect(sections.map(([, code = '']) => code).sort()).toEqual([...LOG_CODES].sort());
  expect(sections.filter(([, , text = '']) => !text.includes('**Do:**')).map(([, code]) => code)).toEqual([]);
});

test('the page names errors as the code says them', () => {
  const page = readFileSync(join(ROOT, 'docs/troubleshooting.md'), 'utf8');
  const texts = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, text = '']) => text);
  expect(texts.length).toBeGreaterThan(30);
  const code = sources.join('\n').replaceAll(/\$\{[^}]*\}/g, '…');
  // `…` stands for what differs; a piece may be a constant name in the code.
  const pieces = texts.flatMap((text) => text.split('…').map((piece) => ({ text, piece: piece.trim() })));
  expect(pieces.filter(({ piece }) => piece.length > 4 && !code.includes(piece)).map(({ text }) => text)).toEqual([]);
});

test('nothing is written to the console or to a logger but through the log with codes', () => {
  const direct = sources.flatMap((text) =>
    [...text.matchAll(/\bconsole\.\w+\(|\blogger\.\w+\(/g)].map(([call]) => call),
  );
  // Where the log is connected to Colyseus's logger.
  expect(direct).toEqual(['logger.info(', 'logger.warn(', 'logger.error(']);
});
