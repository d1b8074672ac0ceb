import { afterEach, beforeEach, expect, test } from 'vitest';
import { drop, serverRoom } from '../support/drop.ts';
import { person, ROOMS } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startServer({ graceSeconds: 60 });
});
afterEach(async () => {
  await server.stop();
});

test.each(ROOMS)('the grace of a %s room keeps no process alive', async (room) => {
  const ann = await person(server, 'ann', room, { status: '' });
  await ann.settle();
  await drop(ann, true);
  const { _reservedSeatTimeouts: timers } = serverRoom(ann) as unknown as {
    _reservedSeatTimeouts: Record<string, NodeJS.Timeout>;
  };
  expect(timers[ann.room.sessionId]?.hasRef()).toBe(false);
});
