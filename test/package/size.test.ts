/** What the client helper adds to a game's bundle, beyond the SDK that the game has anyway. */
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';

/** Most bytes, minified and gzipped. */
const LIMITS = { client: 12_500, react: 1500 };

test.each(Object.entries(LIMITS))('%s is at most %i bytes, minified and gzipped', async (name, limit) => {
  const bundle = await rolldown({
    input: resolve(import.meta.dirname, `../../src/${name}/index.ts`),
    // React comes on top of the client.
    external: [/^@colyseus\//, /^react(?:$|\/)/, ...(name === 'react' ? [/\/client\/index\.ts$/] : [])],
    platform: 'browser',
  });
  const { output } = await bundle.generate({ minify: true });
  const size = gzipSync(output[0].code, { level: 9 }).byteLength;
  console.log(`${name}: ${size} bytes`);
  expect(size).toBeLessThan(limit);
});
