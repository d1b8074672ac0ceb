/**
 * `npm run model -- [stories] [seed] [--cluster]`: many random stories. With
 * `--cluster` on two processes with a Redis, where processes are killed, too.
 */
import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import { stories } from './actions.ts';
import { oneProcess } from './one-process.ts';
import { play } from './story.ts';
import { twoProcesses } from './two-processes.ts';

const { values, positionals } = parseArgs({
  options: { cluster: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const count = Number(positionals[0] ?? 1000);
const seed = Number(positionals[1] ?? Date.now() % 1_000_000);
const print = console.log;
// Colyseus and its SDK tell of each reconnection.
console.log = console.info = console.warn = () => undefined;

const stage = values.cluster ? await twoProcesses() : await oneProcess();
if (stage === null) {
  throw new Error('There is no redis-server on the PATH.');
}
print(`${count} stories, seed ${seed}, ${stage.places} process(es)`);
const started = performance.now();
const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(0)} s`;
let played = 0;
let actions = 0;
const result = await fc.check(
  fc.asyncProperty(stories(values.cluster, 30), async (story) => {
    await play(stage, story);
    actions += story.length;
    if (++played % Math.ceil(count / 20) === 0) {
      print(`${played} stories, ${actions} actions, ${seconds()}`);
    }
  }),
  { numRuns: count, seed },
);
await stage.stop();
if (result.failed) {
  print(`Failed; shortest story: ${JSON.stringify(result.counterexample)}`);
  print(String(result.errorInstance));
} else {
  print(`${played} stories with ${actions} actions, all as the model says, ${seconds()}`);
}
process.exit(result.failed ? 1 : 0);
