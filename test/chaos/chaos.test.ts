/** Nine faults in short form: nothing stays wrong, and nobody unaffected blinks. `npm run chaos` makes all of them, longer. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startRedis } from '../support/redis.ts';
import { Arena } from './arena.ts';
import { FAULTS, SHORT } from './faults.ts';
import { trial } from './trial.ts';

const BEAT_MS = 500;
const BOUND_MS = 10_000;

const open = (): Promise<Arena> =>
  Arena.open({
    processes: 3,
    playersPerProcess: 5,
    options: { cluster: { heartbeatMs: BEAT_MS, leaseMs: 6 * BEAT_MS } },
  });

const probe = await startRedis({ own: true });
await probe?.stop();

describe.skipIf(probe === null)('after a fault everything is right again, soon', () => {
  let arena: Arena | undefined;

  beforeAll(async () => {
    vi.spyOn(console, 'info').mockImplementation(() => undefined);
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    arena = await open();
  }, 120_000);
  afterAll(async () => {
    vi.restoreAllMocks();
    await arena?.close();
  });

  test.each(SHORT)(
    '%s',
    async (name) => {
      if (arena!.wrong().length > 0) {
        // What another fault has left wrong.
        await arena!.close();
        arena = await open();
      }
      const fault = FAULTS.find((one) => one.name === name)!;
      const { wrong, ghosts, blinks, examples } = await trial(arena!, fault, BEAT_MS, BOUND_MS);
      expect({ wrong, ghosts, blinks, examples }).toEqual({ wrong: 0, ghosts: 0, blinks: 0, examples: [] });
    },
    40_000,
  );

  test('and when everybody has left, no user is left in Redis', async () => {
    expect(await arena!.keysLeft()).toEqual([]);
  }, 20_000);
});
