/** Colyseus tells PresencePlugin neither of drops nor of returns: it looks once a second, and at each call. */
import { CloseCode, definePlugins, matchMaker, Room, type Client } from '@colyseus/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PresencePlugin } from '../../src/index.ts';
import { PresenceEngine } from '../../src/rooms/engine.ts';
import { currentRuntime } from '../../src/server/runtime.ts';
import { drop } from '../support/drop.ts';
import { person, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const GRACE_SECONDS = 20;

class MatchRoom extends Room {
  override plugins = definePlugins([new PresencePlugin({ graceSeconds: GRACE_SECONDS })]);

  override onDrop(client: Client): void {
    this.allowReconnection(client, 60).catch(() => {});
  }
}

/** As many games do it: `onLeave` waits for the return. */
class WaitingRoom extends Room {
  override plugins = definePlugins([new PresencePlugin()]);

  override async onLeave(client: Client, code?: number): Promise<void> {
    if (code !== CloseCode.CONSENTED) {
      await this.allowReconnection(client, 10);
    }
  }
}

let server: TestServer;
beforeEach(async () => {
  server = await startServer({}, { match: MatchRoom, waiting: WaitingRoom });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.stop();
});

async function hasReturned({ room }: Person): Promise<void> {
  const { clients } = matchMaker.getLocalRoomById(room.roomId);
  await until(() => room.connection.isOpen && clients.get(room.sessionId) !== undefined, 'the return');
}

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
  await hasReturned(ann);
  await ann.ask('presence:query', { userIds: ['bob'] });
  expect(ann.welcomes).toHaveLength(1);
  await until(() => ann.snapshots.find(({ complete }) => complete), 'the snapshot');
  await bob.setStatus('there');
  await until(() => ann.deltas.some(({ joins }) => joins[0]?.status === 'there'), 'what happens next');
});

test('a return through `await allowReconnection()` in `onLeave` is no leave: followers hear nothing', async () => {
  const ann = await person(server, 'ann', 'waiting', { status: 'playing' });
  const bob = await person(server, 'bob');
  await bob.follow(['ann']);
  const refresh = vi.spyOn(PresenceEngine.prototype, 'refresh');
  ann.reconnectFast();
  await drop(ann);
  await hasReturned(ann);
  await until(() => refresh.mock.calls.length > 0, 'the end of the leave');
  await bob.settle();
  expect(bob.deltas).toEqual([]);
  await ann.setStatus('playing on');
  await until(() => bob.deltas.some(({ joins }) => joins[0]?.status === 'playing on'), 'what happens next');
});

describe('a dropped player', () => {
  let bob: Person;
  let look: () => void;

  beforeEach(async () => {
    const reconcile = vi.spyOn(PresenceEngine.prototype, 'reconcile');
    const ann = await person(server, 'ann', 'match', { status: 'playing' });
    bob = await person(server, 'bob');
    await bob.follow(['ann']);
    await drop(ann, true);
    const before = reconcile.mock.calls.length;
    await until(() => reconcile.mock.calls.length > before, 'the plugin to look');
    const engine = reconcile.mock.contexts.at(-1) as PresenceEngine;
    const [clientOf] = reconcile.mock.calls.at(-1)!;
    look = () => engine.reconcile(clientOf);
  });

  test('keeps its status during its grace, and is gone after it', async () => {
    const { clock } = currentRuntime('presence')!;
    const now = vi.spyOn(clock, 'now');
    const began = Date.now();
    for (const seconds of [1, 5, GRACE_SECONDS - 1]) {
      now.mockReturnValue(began + seconds * 1000);
      look();
      await bob.settle();
      expect(bob.deltas).toEqual([]);
    }
    now.mockReturnValue(began + (GRACE_SECONDS + 2) * 1000);
    look();
    await bob.settle();
    expect(bob.deltas).toMatchObject([{ leaves: [{ status: 'playing' }], users: [{ general: 'offline' }] }]);
  });
});
