/** The client helper ends up in browsers: it must not pull in server code. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const folder = new URL('../../src/client/', import.meta.url);
const pure = new URL('../../src/', import.meta.url);
const imports = (file: URL): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s[^;]*?from\s+'([^']+)';/gms)].map(([text, from]) =>
    /^import type\b/.test(text) ? `type ${from}` : String(from),
  );

describe('src/client', () => {
  test.each(readdirSync(folder).filter((file) => file.endsWith('.ts')))(
    '%s imports only its own files, what both ends agree on',
    (file) => {
      const allowed = /^(?:\.\/[a-z-]+\.ts|\.\.\/protocol\.ts|\.\.\/(?:status|ids|wording)\.ts|type @colyseus\/sdk)$/;
      expect(imports(new URL(file, folder)).filter((from) => !allowed.test(from.replace(/^type (?=\.)/, '')))).toEqual(
        [],
      );
    },
  );

  test.each(['protocol.ts', 'status.ts'])('%s imports nothing of a server either', (file) => {
    expect(imports(new URL(file, pure)).filter((from) => !/^(?:type )?\.\/protocol\.ts$/.test(from))).toEqual([]);
  });
});
