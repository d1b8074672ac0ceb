/** One fault in the arena, under load, and what it left behind. */
import type { Arena } from './arena.ts';
import type { ChaosFault } from './faults.ts';

export interface Outcome {
  name: string;
  /** Views wrong at the moment the fault ended. */
  wrongAtEnd: number;
  /** Milliseconds from the end of the fault until all views were right, or the bound. */
  healMs: number;
  /** Views still wrong after the bound. */
  wrong: number;
  ghosts: number;
  /** Unaffected users that were seen going. */
  blinks: number;
  logLines: number;
  /** Of those wrong and of the blinks, the first few. */
  examples: string[];
}

export async function trial(arena: Arena, fault: ChaosFault, beatMs: number, boundMs: number): Promise<Outcome> {
  const { players, blinks } = arena;
  // Who left in an earlier trial is back, and everything is right.
  await arena.everybodyBack();
  await arena.settle(20_000);
  for (const player of players) {
    player.isAffected = fault.hits?.(player) === true;
  }
  blinks.length = 0;
  const logged = arena.logged();
  arena.load();
  await fault.run(arena, beatMs);
  await arena.quiet();
  const wrongAtEnd = arena.wrong().length;
  const healMs = await arena.heal(boundMs);
  const wrong = arena.wrong();
  return {
    name: fault.name,
    wrongAtEnd,
    healMs,
    wrong: wrong.length,
    ghosts: arena.ghosts(),
    blinks: blinks.length,
    logLines: Math.max(0, arena.logged() - logged),
    examples: [...wrong.slice(0, 3), ...blinks.slice(0, 3)],
  };
}
