/** Beyond one Redis: every command and every topic of the cluster concerns one key, so that keys may live on several servers. */
import { RedisPresence } from '@colyseus/redis-presence';
import type { Presence } from '@colyseus/core';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { startRedis } from '../support/redis.ts';
import { sharded } from '../support/sharded-presence.ts';
import { until } from '../support/until.ts';
import { endConnections, type Store } from './support/backends.ts';
import { Processes } from './support/processes.ts';

const [left, right] = [await startRedis({ own: true }), await startRedis({ own: true })];

describe.skipIf(left === null || right === null)('the cluster over two Redis servers', () => {
  const servers = [left!, right!];
  const parts = new Map<Presence, Presence[]>();
  const list = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  const onAll = async (...command: string[]): Promise<string[]> =>
    (await Promise.all(servers.map((server) => server.cli(...command)))).flatMap(list);
  const store: Store = {
    connect: () => {
      const shards = servers.map(({ url }) => new RedisPresence(url));
      const presence = sharded(shards);
      parts.set(presence, shards);
      return presence;
    },
    disconnect: async (presence) => {
      await Promise.all(parts.get(presence)!.map(endConnections));
    },
    keys: (prefix) => onAll('KEYS', `${prefix}:*`),
    topics: (prefix) => onAll('PUBSUB', 'CHANNELS', `${prefix}:*`),
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
  let processes: Processes;
  afterEach(async () => {
    await processes.stop();
  });
  afterAll(async () => {
    await store.stop();
  });

  test('follows, delivers, sweeps and leaves nothing behind, with users on both servers', async () => {
    processes = new Processes(store);
    const [a, b, c] = [await processes.start('A'), await processes.start('B'), await processes.start('C')];
    const users = Array.from({ length: 40 }, (_, i) => `user${i}`);
    for (const userId of users) {
      await b.cluster.watch(userId);
      a.show(userId, 'one');
      c.show(userId, 'here too');
    }
    await until(() => users.every((userId) => b.host.statuses(userId).length === 2), 'B to hear all');
    for (const server of servers) {
      expect(list(await server.cli('KEYS', `${processes.prefix}:u:*`)).length).toBeGreaterThan(5);
      expect(list(await server.cli('PUBSUB', 'CHANNELS', `${processes.prefix}:u:*`)).length).toBeGreaterThan(5);
    }
    for (const userId of users) {
      a.show(userId, 'two');
    }
    await until(() => users.every((userId) => b.host.statuses(userId).includes('two')), 'B to hear the updates');

    c.line.cut();
    await until(() => users.every((userId) => b.host.statuses(userId).length === 1), 'B to drop C', 10_000);
    await until(async () => !(await processes.keys()).some((key) => key.endsWith(':C')), 'C to be swept', 10_000);
    c.line.mend();
    await Promise.all([a, b, c].map(({ cluster }) => cluster.stop()));
    expect((await processes.keys()).filter((key) => !key.includes(':o:'))).toEqual([]);
    await until(async () => (await processes.topics()).length === 0, 'no subscription to be left');
  }, 30_000);
});
