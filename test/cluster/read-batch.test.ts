import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { RedisPresence } from '@colyseus/redis-presence';
import { ReadBatch } from '../../src/cluster/read-batch.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { endConnections, redisStore } from './support/backends.ts';
import { Processes } from './support/processes.ts';
import type { Presence } from '@colyseus/core';

const redis = await startRedis({ own: true });

interface Inside {
  pub: { stream: { write(...args: unknown[]): boolean; on(event: 'data', listener: () => void): void } };
}

/** Counts how often something is written after something was heard, and the writes. */
function countTrips(presence: Presence): { trips: number; writes: number } {
  const counts = { trips: 0, writes: 0 };
  const { stream } = (presence as unknown as Inside).pub;
  let hasHeard = true;
  stream.on('data', () => {
    hasHeard = true;
  });
  const write = stream.write.bind(stream);
  stream.write = (...args) => {
    counts.writes++;
    counts.trips += hasHeard ? 1 : 0;
    hasHeard = false;
    return write(...args);
  };
  return counts;
}

describe.skipIf(redis === null)('reads of one turn', () => {
  const server = redis!;
  let presence: RedisPresence;
  beforeAll(async () => {
    presence = new RedisPresence(server.url);
    await presence.hset('hash', 'field', 'value');
    await presence.set('text', 'value');
  });
  afterAll(async () => {
    await endConnections(presence);
    await server.stop();
  });

  test('leave together, and each gets its own answer', async () => {
    const reads = new ReadBatch(presence);
    const counts = countTrips(presence);
    const answers = await Promise.allSettled([
      reads.hgetall('hash'),
      reads.get('text'),
      reads.hgetall('text'),
      reads.hgetall('nothing'),
      reads.get('nothing'),
    ]);
    expect(counts).toEqual({ trips: 1, writes: 1 });
    expect(answers).toMatchObject([
      { value: { field: 'value' } },
      { value: 'value' },
      { status: 'rejected', reason: { message: expect.stringMatching(/^WRONGTYPE/) as string } },
      { value: {} },
      { value: null },
    ]);
  });

  test('are single commands where the keys may be on several servers, or may be named otherwise', async () => {
    class Renaming extends RedisPresence {}
    const own = new Renaming(server.url);
    const asked = vi.spyOn(own, 'hgetall');
    const reads = new ReadBatch(own);
    expect(await Promise.all([reads.hgetall('hash'), reads.hgetall('hash')])).toHaveLength(2);
    expect(asked).toHaveBeenCalledTimes(2);
    await endConnections(own);
  });

  test('of 500 users are one round trip', async () => {
    const processes = new Processes(redisStore(server));
    const quiet = { heartbeatMs: 36_000_000, leaseMs: 72_000_000 };
    try {
      const [a, b] = [await processes.start('A', quiet), await processes.start('B', quiet)];
      const userIds = Array.from({ length: 500 }, (_, i) => `user ${i}`);
      for (const userId of userIds.slice(250)) {
        a.show(userId, 'here');
      }
      await until(async () => (await server.cli('SCARD', `${processes.prefix}:pu:A`)) === '250', 'all to be listed');
      await b.cluster.read(['user 499']); // from now on B knows A
      const counts = countTrips(b.store);
      await server.cli('CONFIG', 'RESETSTAT');
      const found = await b.cluster.read(userIds);
      expect(counts).toEqual({ trips: 1, writes: 1 });
      expect([...found.values()].filter(({ registers }) => registers.length === 1)).toHaveLength(250);
      expect(found.size).toBe(500);
      const stats = await server.cli('INFO', 'commandstats');
      expect([/hgetall:calls=(\d+)/, /_get:calls=(\d+)/].map((pattern) => pattern.exec(stats)?.[1])).toEqual([
        '500',
        '500',
      ]);
    } finally {
      await processes.stop();
    }
  });
});
