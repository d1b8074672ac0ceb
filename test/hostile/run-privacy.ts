/** `npm run fuzz:privacy -- [stories] [seed]`: stories that end the same in two worlds, for every fact a viewer must not learn. */
import { expectSameWorlds, FACT_NAMES, openWorlds } from './two-worlds.ts';

const total = Number(process.argv[2] ?? 12_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const print = console.log;
console.error = console.warn = console.log = () => {};
const clock = performance.now.bind(performance);
const started = clock();
const seconds = (): string => ((clock() - started) / 1000).toFixed(0);

print(`${total} stories, seed ${seed}`);
const only = process.argv[4];
const facts = FACT_NAMES.filter((name) => only === undefined || name.includes(only));
let failed = false;
const clockwork = await openWorlds();
for (const fact of facts) {
  let played = 0;
  try {
    await expectSameWorlds(clockwork, [fact], Math.ceil(total / facts.length), seed, () => played++);
    print(`✓ Secret ${fact}: ${played} stories, ${seconds()} s`);
  } catch (error) {
    failed = true;
    print(
      `✗ Secret ${fact}, after ${played} stories: ${error instanceof Error ? `${error.message}\n${String(error.cause)}` : String(error)}`,
    );
  }
}
process.exit(failed ? 1 : 0);
