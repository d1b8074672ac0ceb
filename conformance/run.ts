/**
 * `npm run conformance -- [--defold DIR] [--godot DIR] [--haxe DIR [--haxe-libraries DIR]] [--unity DIR] [--native PROGRAM] [--live] [--out FILE]`:
 * records the story and lets the decoders of other engines read it; with `--live` the clients in engines/ play their flows.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compare } from './compare.ts';
import { playFlows } from './live.ts';
import { DECODERS, PLAYERS, runDecoder, type Paths } from './runners.ts';
import { recordStory } from './story.ts';

const { values } = parseArgs({
  options: {
    defold: { type: 'string' },
    godot: { type: 'string' },
    haxe: { type: 'string' },
    'haxe-libraries': { type: 'string' },
    unity: { type: 'string' },
    native: { type: 'string' },
    live: { type: 'boolean' },
    'haxe-live': { type: 'string' },
    out: { type: 'string' },
  },
});
const paths: Paths = { ...values, haxeLibraries: values['haxe-libraries'], haxeLive: values['haxe-live'] };
const folder = mkdtempSync(join(tmpdir(), 'presence-story-'));
const file = values.out ?? join(folder, 'story.jsonl');
const story = await recordStory();
writeFileSync(file, story.toString());

let failed = false;
for (const engine of DECODERS.filter((name) => paths[name] !== undefined)) {
  const lines = story.lines.filter(({ line }) => engine !== 'native' || line !== 'message');
  const { states, messages, differences, ghosts } = compare(lines, await runDecoder(engine, paths, story.lines, file));
  failed ||= differences.length > 0;
  const remark = ghosts > 0 ? `; ${ghosts} states after a second full state still hold what left before it` : '';
  console.log(`${engine}: ${states} states and ${messages} messages, ${differences.length} differences${remark}`);
  differences.slice(0, 5).forEach((difference) => {
    console.log(`  ${difference.slice(0, 2000)}`);
  });
}
const players = PLAYERS.filter(
  (name) => values.live === true && (name === 'haxe' ? paths.haxeLive : paths[name]) !== undefined,
);
for (const engine of players) {
  try {
    const flows = await playFlows(engine, paths);
    console.log(`${engine}, live: ${flows.length} flows right: ${flows.join('; ')}`);
  } catch (error) {
    failed = true;
    console.log(`${engine}, live: ${String(error)}`);
  }
}
const unplayed = PLAYERS.filter((name) => !players.includes(name));
const notRun = DECODERS.filter((name) => paths[name] === undefined);
if (notRun.length > 0) {
  console.log(`Decoders not run: ${notRun.map((name) => `${name} (--${name})`).join(', ')}.`);
}
if (unplayed.length > 0) {
  console.log(`Clients not run: ${unplayed.join(', ')}.`);
}
rmSync(folder, { recursive: true });
process.exit(failed ? 1 : 0);
