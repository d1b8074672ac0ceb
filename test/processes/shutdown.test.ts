/** A process that is told to stop ends, whoever is still on the way in. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SeatReservation } from '@colyseus/sdk';
import { startCluster, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const redis = await startRedis({ own: true });

describe.skipIf(redis === null)('a process that shuts down', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startCluster(redis!, ['b']);
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test.each(['presence', 'lobby'] as const)(
    'refuses who comes with a seat of a %s room from before, and ends',
    async (kind) => {
      const a = await cluster.start('a');
      const ann = await cluster.person(a, 'ann', { status: 'here' }, kind);
      const bob = cluster.client(a.url, 'bob');
      const answer = await bob.http.post(`/matchmake/joinOrCreate/${kind}-a`, { body: {} });
      const seat = answer.data as SeatReservation;
      expect(seat.roomId).toBe(ann.room.roomId);

      a.signal('SIGTERM');
      await until(() => !ann.room.connection.isOpen, 'ann to be sent away');
      // The seat keeps the room, and the room the process.
      expect(a.hasEnded).toBe(false);
      await expect(bob.consumeSeatReservation(seat)).rejects.toThrow(/unavailable/);
      await until(() => a.hasEnded, 'the process to end', 10_000);
      expect([a.exitCode, a.faults]).toEqual([0, []]);
    },
    30_000,
  );
});
