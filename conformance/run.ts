/**
 * `npm run conformance -- [--defold DIR] [--haxe DIR [--haxe-libraries DIR]] [--unity DIR] [--out FILE]`:
 * records the story and lets the decoders of other engines read it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compare } from './compare.ts';
import { ENGINES, runDecoder, type Paths } from './runners.ts';
import { recordStory } from './story.ts';

const { values } = parseArgs({
  options: {
    defold: { type: 'string' },
    haxe: { type: 'string' },
    'haxe-libraries': { type: 'string' },
    unity: { type: 'string' },
    out: { type: 'string' },
  },
});
const paths: Paths = { ...values, haxeLibraries: values['haxe-libraries'] };
const folder = mkdtempSync(join(tmpdir(), 'presence-story-'));
const file = values.out ?? join(folder, 'story.jsonl');
const story = await recordStory();
writeFileSync(file, story.toString());

let failed = false;
for (const engine of ENGINES.filter((name) => paths[name] !== undefined)) {
  const { states, messages, differences, ghosts } = compare(story.lines, runDecoder(engine, paths, file));
  failed ||= differences.length > 0;
  const remark = ghosts > 0 ? `; ${ghosts} states after a return still hold what left meanwhile` : '';
  console.log(`${engine}: ${states} states and ${messages} messages, ${differences.length} differences${remark}`);
  differences.slice(0, 5).forEach((difference) => {
    console.log(`  ${difference.slice(0, 2000)}`);
  });
}
const notRun = ENGINES.filter((name) => paths[name] === undefined);
if (notRun.length > 0) {
  console.log(`Not run: ${notRun.map((name) => `${name} (--${name} DIR)`).join(', ')}.`);
}
rmSync(folder, { recursive: true });
process.exit(failed ? 1 : 0);
