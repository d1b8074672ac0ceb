/** What a second attack found, with the documents alone in hand. */
import { Protocol } from '@colyseus/core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { presence } from '../../src/index.ts';
import { person, ROOMS } from '../support/person.ts';
import { startCluster, type TestCluster } from '../support/processes.ts';
import { RawClient } from '../support/raw.ts';
import { startRedis } from '../support/redis.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

/** A close code after which a connection counts as dropped. */
const CLOSED_BY_PLAYER = 4321;

const redis = await startRedis({ own: true });

describe.each(ROOMS)('in a %s room', (room) => {
  let server: TestServer;
  afterEach(async () => {
    await server.stop();
  });

  test('who blocks a follower looks offline to its next connection, too, and to its other one', async () => {
    server = await startServer();
    await person(server, 'bob', room, { status: 'here' });
    const ann = await person(server, 'ann', room);
    const phone = await person(server, 'ann', room);
    await ann.follow(['bob']);
    void presence.block('bob', 'ann');
    await until(() => ann.deltas.length === 1, 'the block');
    expect(ann.deltas[0]?.users).toEqual([{ userId: 'bob', general: 'offline' }]);
    expect((await phone.follow(['bob'])).users).toEqual([{ userId: 'bob', general: 'offline' }]);
    await ann.room.leave();
    const again = await person(server, 'ann', room);
    expect((await again.follow(['bob'])).users).toEqual([{ userId: 'bob', general: 'offline' }]);
  });
});

describe.skipIf(redis === null)('over Redis', () => {
  const MAX = 2;
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster(redis!, ['a', 'b'], { maxConnectionsPerUser: MAX });
  });
  afterAll(async () => {
    await cluster.kill();
  });

  async function seatUrl(userId: string): Promise<string> {
    const { url } = cluster.get('a');
    const response = await fetch(`${url}/matchmake/joinOrCreate/presence-a`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${userId}` },
      body: JSON.stringify({ resume: 'whatever' }),
    });
    const { processId, roomId, sessionId } = (await response.json()) as Record<string, string>;
    return `${url.replace('http', 'ws')}/${processId}/${roomId}?sessionId=${sessionId}`;
  }

  test('connections that wait for a slow store, to take one over, count', async () => {
    await cluster.person(cluster.get('a'), 'host');
    const seats = await Promise.all(Array.from({ length: 12 }, async () => seatUrl('mallory')));
    await redis!.cli('CLIENT', 'PAUSE', '1000', 'ALL');
    const clients = seats.map((url) => new RawClient(new WebSocket(url)));
    const isIn = ({ frames }: RawClient): boolean => frames.some((frame) => frame[0] === Protocol.JOIN_ROOM);
    await until(() => clients.every((one) => isIn(one) || one.closeCode !== undefined), 'all to be answered');
    expect(clients.filter((one) => isIn(one) && one.closeCode === undefined)).toHaveLength(MAX);
    clients.forEach(({ socket }) => {
      socket.terminate();
    });
  });

  test('a connection of another process that is taken over makes no room here', async () => {
    const [a, b] = [cluster.get('a'), cluster.get('b')];
    await Promise.all(Array.from({ length: MAX }, async () => cluster.person(a, 'trudy', { status: 'here' })));
    const away = await cluster.person(b, 'trudy', { status: 'away' });
    const resume = await away.connectionId();
    away.room.connection.close(CLOSED_BY_PLAYER);
    await until(
      async () => /"away"[^}]*"h":/.test(await redis!.cli('HVALS', 'presence:u:trudy')),
      'its connection to wait for whoever takes it over',
    );
    await expect(cluster.person(a, 'trudy', { resume })).rejects.toThrow('too_many_connections');
  });
});
