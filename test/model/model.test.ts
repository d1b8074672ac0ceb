/** Random stories against a model of the contract: afterwards everybody sees exactly what the model says. `npm run model` plays many. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { stories } from './actions.ts';
import { oneProcess } from './one-process.ts';
import { play } from './story.ts';

let stage: Awaited<ReturnType<typeof oneProcess>>;
beforeAll(async () => {
  stage = await oneProcess();
});
afterAll(async () => {
  await stage.stop();
});

const STORIES = Number(process.env['MODEL_STORIES'] ?? 25);

test(
  'after every story, all lists, states and folded deltas are those of the model',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(stories(false, 20), (actions) => play(stage, actions)),
      { numRuns: STORIES, seed: Number(process.env['MODEL_SEED'] ?? 7), endOnFailure: false },
    );
  },
);
