/** The list of rooms of a lobby with presence in it. */
import { Room } from '@colyseus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { comeBack, drop } from '../support/drop.ts';
import { person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';

class MatchRoom extends Room {
  override onCreate(): void {
    this.autoDispose = false;
  }
}

let server: TestServer;
beforeEach(async () => {
  server = await startServer({}, { match: MatchRoom });
});
afterEach(async () => {
  await server.stop();
});

test('is sent again to a client that returns: it missed what changed meanwhile', async () => {
  const ann = await person(server, 'ann', 'lobby');
  ann.reconnectFast();
  const lists = (): unknown[] =>
    ann.heard.flatMap((one) => (one.kind === 'message' && one.type === 'rooms' ? [one.payload] : []));
  await ann.settle();
  await drop(ann);
  await (await server.client('host').create('match')).leave();
  await comeBack(ann);
  expect(lists().at(-1)).toMatchObject([{ name: 'match' }]);
});
