/** A game under test together with another process of it, over one Redis. */
import { defineRoom, defineServer, matchMaker } from '@colyseus/core';
import { RedisDriver } from '@colyseus/redis-driver';
import { RedisPresence } from '@colyseus/redis-presence';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presence, PresenceRoom, type PresenceOptions } from '../../src/index.ts';
import { bootPresence, type PresenceGame } from '../../src/testing/index.ts';
import { startCluster, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';

const redis = await startRedis();
// Redis keeps its own time: a lease that a test waits for has to be short.
const options: PresenceOptions = { cluster: { heartbeatMs: 100, leaseMs: 400 } };

class GameRoom extends PresenceRoom {
  static override options = options;
  static override onAuth(token: string): Promise<unknown> {
    return Promise.resolve({ userId: token });
  }
}

describe.skipIf(redis === null)('two processes', () => {
  let game: PresenceGame;
  let other: TestCluster;

  beforeAll(async () => {
    const server = defineServer({
      greet: false,
      gracefullyShutdown: false,
      presence: new RedisPresence(redis!.url),
      driver: new RedisDriver(redis!.url),
      selectProcessIdToCreateRoom: () => Promise.resolve(matchMaker.processId),
      rooms: { presence: defineRoom(GameRoom) },
    });
    [game, other] = await Promise.all([bootPresence(server), startCluster(redis!, ['other'], options)]);
  });
  afterAll(async () => {
    await game?.cleanup();
    await other?.kill();
    await redis?.stop();
  });

  test('friends see each other across them; who was on a crashed one is offline when its lease is over', async () => {
    const { url } = other.processes.get('other')!;
    const ann = await game.player('ann', { endpoint: url, roomMethod: 'create', status: 'there' });
    const bob = await game.player('bob', { roomMethod: 'create', follows: ['ann'] });
    await game.until(() => bob.sees('ann', 'there'), 'bob to see ann');
    expect(game.roomOf(ann)).toBeUndefined();
    expect(game.roomOf(bob)).toBeInstanceOf(GameRoom);
    expect(presence.count().connections).toBe(1);

    await other.processes.get('other')!.end('SIGKILL');
    await game.until(() => bob.friend('ann')?.general === 'offline', 'the lease of the other process to end');
    expect(bob.friends.connection).toBe('online');
  });
});
