/** `docs/parity.md` promises a test for every row: they exist, and no parity test is left out. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DEFAULTS } from '../../src/index.ts';

const ROOT = new URL('../../', import.meta.url);
const DOC = readFileSync(new URL('docs/parity.md', ROOT), 'utf8');

interface Row {
  readonly line: string;
  readonly proof: string;
}

/** The rows of every table that has a column of proofs. */
function rows(): Row[] {
  return DOC.split('\n\n').flatMap((block) => {
    const [head = '', , ...lines] = block.split('\n').filter((line) => line.startsWith('|'));
    // A bar inside a cell is escaped.
    const cells = (line: string): string[] =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim());
    return cells(head).at(-1) === 'proof' ? lines.map((line) => ({ line, proof: cells(line).at(-1) ?? '' })) : [];
  });
}

const PROOFS = [
  ...new Set(
    rows().flatMap(({ proof }) =>
      [...proof.matchAll(/`([\w/-]+) › ([^`]+)`/g)].map(([, file, name]) => `${file} › ${name}`),
    ),
  ),
];

function source(file: string): string {
  const url = new URL(`test/${file}.test.ts`, ROOT);
  return existsSync(url) ? readFileSync(url, 'utf8') : '';
}

/** Titles as they stand in the code: the first argument of `test(…)`, `it(…)` or of what `test.each(…)` returns. */
function titles(code: string): string[] {
  return [...code.matchAll(/(?:\b(?:test|it)|[)\]>])\(\s*(['"])((?:(?!\1)[^\\]|\\.)*)\1/g)].map(([, , title]) =>
    title!.replaceAll(/\\(['"])/g, '$1'),
  );
}

describe('docs/parity.md', () => {
  test('has a proof, or a reason for none, in every row', () => {
    expect(rows().length).toBeGreaterThan(60);
    expect(
      rows()
        .filter(({ proof }) => !/`[\w/-]+ › [^`]+`/.test(proof) && !proof.startsWith('n/a: '))
        .map(({ line }) => line),
    ).toEqual([]);
  });

  test.each(PROOFS)('names a test that exists: %s', (proof) => {
    const [file, name] = proof.split(' › ') as [string, string];
    expect(titles(source(file))).toContain(name);
  });

  test('names every file of parity tests that runs over sockets', () => {
    const files = globSync('test/parity/*.test.ts', { cwd: fileURLToPath(ROOT) }).map((path) =>
      path.replace(/^test\/|\.test\.ts$/g, ''),
    );
    const left = files.filter((file) => !PROOFS.some((proof) => proof.startsWith(`${file} ›`)));
    expect(left.sort()).toEqual(['parity/parity-doc']);
  });

  test('links only to differences that are explained, and explains none that no row has', () => {
    const linked = new Set([...DOC.matchAll(/\]\(#(d\d+)\)/g)].map(([, id]) => id));
    const explained = new Set([...DOC.matchAll(/<a id="(d\d+)">/g)].map(([, id]) => id));
    expect(explained).toEqual(linked);
  });

  test('gives the numbers that are the defaults', () => {
    expect(DEFAULTS).toMatchObject({
      maxIdsPerFollow: 100,
      maxIdsPerQuery: 500,
      maxFollows: 200,
      evict: 'reject',
      rateLimit: 20,
      rateWindowMs: 5000,
      floodLimit: 1000,
      maxStatusBytes: 2048,
      graceSeconds: 15,
      hookTimeoutMs: 5000,
      rememberOfflineHours: 24,
      rememberOfflineUsers: 100_000,
      features: { status: true, follow: true, query: true, join: true },
    });
  });
});
