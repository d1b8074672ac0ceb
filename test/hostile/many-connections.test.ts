/** The number of connections of one account is limited. */
import { definePlugins, Room } from '@colyseus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PresencePlugin } from '../../src/index.ts';
import { currentRuntime } from '../../src/server/runtime.ts';
import { drop } from '../support/drop.ts';
import { person, ROOMS } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

class MatchRoom extends Room {
  override plugins = definePlugins([new PresencePlugin({ maxConnectionsPerUser: 3 })]);
}

let server: TestServer;
beforeEach(async () => {
  server = await startServer({ maxConnectionsPerUser: 3, graceSeconds: 60 }, { match: MatchRoom });
});
afterEach(async () => {
  await server.stop();
});

const own = (): number => currentRuntime('presence')!.tracker.users.get('ann')?.own.size ?? 0;

test.each(ROOMS)('in a %s room: a connection too many is refused, those in their grace count', async (room) => {
  const [first] = [await person(server, 'ann', room), await person(server, 'ann', room)];
  const away = await person(server, 'ann', room);
  await away.settle();
  await drop(away, true);
  await expect(server.join('ann', { status: '' }, room)).rejects.toThrow('too_many_connections');
  expect(own()).toBe(3);
  await person(server, 'bob', room);
  await first.leave();
  await until(() => own() === 2, 'the one that left to be gone');
  await person(server, 'ann', room);
});

test('with the plugin the player is let in, without presence', async () => {
  const rooms = await Promise.all([1, 2, 3, 4].map(async () => server.client('ann').joinOrCreate('match')));
  expect(own()).toBe(3);
  await Promise.all(rooms.map(async (room) => room.leave()));
});
