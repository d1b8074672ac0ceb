import { matchMaker, type Client } from '@colyseus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PresenceClient } from '../../src/client/index.ts';
import { drop, serverRoom } from '../support/drop.ts';
import { person, ROOMS } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

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

/** As the action of Colyseus's monitor does it. */
test.each(ROOMS)('a kick without a code from a %s room stays a kick, also after a reconnection', async (room) => {
  const bob = await person(server, 'bob');
  await bob.follow(['ann']);
  for (const comesBackFirst of [false, true]) {
    const friends = await PresenceClient.join(server.client('ann'), room, {
      status: 'here',
      rejoin: { minMs: 1, maxMs: 1 },
    });
    const { roomId, sessionId, reconnection } = friends.room;
    Object.assign(reconnection, { minUptime: 0, minDelay: 1, maxDelay: 20 });
    const clients = (): Client[] => [...matchMaker.getLocalRoomById(roomId).clients];
    const kicked = (): Client => clients().find((client) => client.sessionId === sessionId)!;
    const phases: string[] = [];
    friends.onConnectionChange((phase) => phases.push(phase));
    await until(() => bob.statusesOf('ann')[0] === 'here', 'the status');
    if (comesBackFirst) {
      (kicked().ref as unknown as { terminate(): void }).terminate();
      await until(() => phases.includes('online'), 'the return');
    }
    kicked().leave();
    await until(() => friends.connection === 'closed', 'the end');
    expect(phases).not.toContain('rejoining');
    await until(() => bob.statusesOf('ann').length === 0, 'the end, as others see it');
  }
});
