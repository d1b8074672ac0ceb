/** Colyseus tells PresencePlugin neither of drops nor of returns: the first call of a returned player gets the welcome at once, before the next check. */
import { definePlugins, matchMaker, Room, type Client } from '@colyseus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PresencePlugin } from '../../src/index.ts';
import { drop } from '../support/drop.ts';
import { person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

class MatchRoom extends Room {
  override plugins = definePlugins([new PresencePlugin()]);

  override onDrop(client: Client): void {
    this.allowReconnection(client, 10).catch(() => {});
  }
}

let server: TestServer;
beforeEach(async () => {
  server = await startServer({}, { match: MatchRoom });
});
afterEach(async () => {
  await server.stop();
});

test('a returned player that calls gets the welcome first, and then updates', async () => {
  const ann = await person(server, 'ann', 'match');
  const bob = await person(server, 'bob', 'presence', { status: 'here' });
  await ann.follow(['bob']);
  const room = matchMaker.getLocalRoomById(ann.room.roomId);
  // The plugin's own look must not come first.
  room.clock.clear();
  ann.reconnectFast();
  await drop(ann);
  ann.clear();
  await until(() => ann.room.connection.isOpen && room.clients.get(ann.room.sessionId) !== undefined, 'the return');
  await ann.ask('presence:query', { userIds: ['bob'] });
  expect(ann.welcomes).toHaveLength(1);
  await until(() => ann.snapshots.find(({ complete }) => complete), 'the snapshot');
  await bob.setStatus('there');
  await until(() => ann.deltas.some(({ joins }) => joins[0]?.status === 'there'), 'what happens next');
});
