/** `attach` works whenever it is called: the helper asks for the welcome that it may have missed. */
import { Room } from '@colyseus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PresenceClient } from '../../src/client/index.ts';
import { person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

class Plain extends Room {}

let server: TestServer;
beforeEach(async () => {
  server = await startServer({ rateLimit: 2, rateWindowMs: 1500, resolveFollows: () => ['bob'] }, { plain: Plain });
});
afterEach(async () => {
  await server.stop();
});

/** A joined room whose first messages have passed. */
async function joinedLongAgo(roomName: string) {
  const room = await server.join('ann', { status: 'here' }, roomName);
  const seen: string[] = [];
  room.onMessage('*', (type) => seen.push(String(type)));
  if (roomName !== 'plain') {
    await until(() => seen.includes('presence:snapshot'), 'the friend list');
  }
  return room;
}

test.each(['presence', 'lobby'])(
  'a room of the application is attached long after it was joined (%s)',
  async (name) => {
    await person(server, 'bob', name, { status: 'playing' });
    const room = await joinedLongAgo(name);
    const friends = await PresenceClient.attach(room, { client: server.client('ann'), timeoutMs: 3000 });
    expect(friends).toMatchObject({ userId: 'ann', connection: 'online', me: { customStatus: 'here' } });
    await until(() => friends.getSnapshot()[0]?.customStatus === 'playing', 'the friend list, asked for again');
    await friends.leave();
  },
);

test('when the call limit is reached, it waits for its turn', async () => {
  const room = await joinedLongAgo('presence');
  await room.request('presence:query', { userIds: ['x'] });
  await room.request('presence:query', { userIds: ['x'] });
  const friends = await PresenceClient.attach(room, { client: server.client('ann') });
  expect(friends.userId).toBe('ann');
  await friends.leave();
});

test('a room that is not presence-aware is refused at once, and with the reason', async () => {
  const room = await joinedLongAgo('plain');
  const attached = PresenceClient.attach(room, { client: server.client('ann'), timeoutMs: 60_000 });
  await expect(attached).rejects.toMatchObject({
    name: 'PresenceError',
    code: 'unavailable',
    message: expect.stringContaining('"plain" is not presence-aware') as string,
  });
});
