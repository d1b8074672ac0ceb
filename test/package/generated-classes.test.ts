/** The classes of the schema state for other languages are those that `npm run codegen` writes now. */
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Decoder, Reflection } from '@colyseus/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PresenceConnection, PresenceState, PresenceUser, stateHandshake } from '../../src/wire/state.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SHIPPED = join(ROOT, 'engines/generated');
const fresh = mkdtempSync(join(tmpdir(), 'presence-codegen-'));

const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    globSync('*/*', { cwd: folder }).map((path) => [path, readFileSync(join(folder, path), 'utf8')] as const),
  );

beforeAll(() => {
  execFileSync(process.execPath, [join(ROOT, 'scripts/codegen.mjs'), fresh], { stdio: 'pipe' });
});
afterAll(() => {
  rmSync(fresh, { recursive: true, force: true });
});

test('the classes in engines/generated are up to date; if not: npm run codegen', () => {
  expect(filesOf(SHIPPED)).toEqual(filesOf(fresh));
});

describe.each(['c', 'cpp', 'csharp', 'dart', 'gdscript', 'haxe', 'lua', 'swift'])('the classes for %s', (language) => {
  const code = Object.entries(filesOf(SHIPPED))
    .filter(([path]) => path.startsWith(`${language}/`))
    .map(([, text]) => text)
    .join('\n');

  test('have every field of every structure, in the order of the reflection that the server sends', () => {
    const reflection = new Decoder(new Reflection());
    reflection.decode(Buffer.from(stateHandshake()), { offset: 0 });
    const structures = reflection.state.types.map(({ fields }) => fields.map(({ name }) => name));
    expect(structures).toHaveLength(3);
    for (const fields of structures) {
      expect(code).toMatch(new RegExp(fields.map((field) => `\\b${field}\\b`).join('[^]*?')));
    }
  });

  test('have the names of the constants in src/wire/state.ts', () => {
    for (const name of Object.keys({ PresenceConnection, PresenceState, PresenceUser })) {
      expect(code).toContain(name);
    }
  });
});
