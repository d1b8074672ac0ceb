/** Plays stories in two worlds each, and compares what the viewer gets. */
import { LocalDriver, LocalPresence, matchMaker } from '@colyseus/core';
import * as fc from 'fast-check';
import { Clockwork } from './support/clockwork.ts';
import { FACTS, type FactName } from './support/facts.ts';
import { play, type Story } from './support/stories.ts';
import { stories } from './support/draw.ts';

export const FACT_NAMES = Object.keys(FACTS) as FactName[];

/** A shared store that takes its time, so that who has to ask it shows in the time of the answer. */
class SlowPresence extends LocalPresence {
  override async hgetall(key: string): ReturnType<LocalPresence['hgetall']> {
    await new Promise((resolve) => {
      setTimeout(resolve, STORE_MS);
    });
    return super.hgetall(key);
  }
}

/** Answers leave on a tick: within it the time of the store does not show. */
const STORE_MS = 3;

/** Colyseus in this process, without a network, and time and chance under control until `stop()`. */
export async function openWorlds(): Promise<Clockwork> {
  await matchMaker.setup(new SlowPresence(), new LocalDriver());
  return new Clockwork();
}

/** Throws, with the shortest story it found, when a viewer could tell the worlds apart. */
export async function expectSameWorlds(
  clockwork: Clockwork,
  facts: readonly FactName[],
  runs: number,
  seed: number,
  played: () => void = () => {},
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(stories(facts), async (story) => {
      played();
      await expectSame(story, clockwork);
    }),
    { numRuns: runs, seed },
  );
}

/** Throws with the first thing that the viewer is told in one world and not in the other. */
export async function expectSame(story: Story, clockwork: Clockwork): Promise<void> {
  const a = await play(story, 'a', clockwork);
  const b = await play(story, 'b', clockwork);
  const at = (a.length > b.length ? a : b).findIndex((_, i) => a[i] !== b[i]);
  if (at >= 0) {
    throw new Error(`Frame ${at}: ${JSON.stringify(a[at])} in one world, ${JSON.stringify(b[at])} in the other.`);
  }
}
