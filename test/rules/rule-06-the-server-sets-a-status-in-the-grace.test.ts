/** The server sets the status of a player in its grace: the player can still take over its connection. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { presence } from '../../src/index.ts';
import { drop } from '../support/drop.ts';
import { person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startServer({ graceSeconds: 30 });
});
afterEach(async () => {
  await server.stop();
});

test('a reload after it continues the connection, with that status', async () => {
  const first = await person(server, 'ann', 'presence', { status: 'here' });
  const resume = await first.connectionId();
  await drop(first, true);
  void presence.setStatus({ userId: 'ann' }, 'away');
  const second = await person(server, 'ann', 'presence', { resume });
  expect(await second.connectionId()).toBe(resume);
  expect((await presence.statuses(['ann']))[0]!.presences).toMatchObject([{ connectionId: resume, status: 'away' }]);
});
