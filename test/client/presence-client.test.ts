/** The client helper against a scripted server: what needs a precise moment, or a server that misbehaves. */
import { describe, expect, test, vi } from 'vitest';
import { PresenceClient, PresenceError } from '../../src/client/index.ts';
import { presence } from './fakes.ts';
import { clients, code, join, sent, server, settle, useScriptedServer } from './scripted.ts';

useScriptedServer();

describe('joining', () => {
  test('asks for deltas only, and passes on what the game wants besides', async () => {
    await join({ status: { text: 'hi' }, joinOptions: { region: 'eu' }, resume: 'older' });
    expect(server.methods).toEqual(['joinOrCreate']);
    expect(server.room.options).toEqual({ region: 'eu', sync: 'deltas', status: '{"text":"hi"}', resume: 'older' });
  });

  test('sends no option that was not given, but a null', async () => {
    await join({ sync: 'both', roomMethod: 'join' });
    expect(server.methods).toEqual(['join']);
    expect(server.room.options).toEqual({ sync: 'both' });
    await join({ status: null });
    expect(server.room.options).toEqual({ sync: 'deltas', status: null });
  });

  test('knows who it is when it is done', async () => {
    const friends = await join();
    expect(friends).toMatchObject({
      userId: 'me',
      connectionId: 'own-1',
      connection: 'online',
      me: { userId: 'me' },
    });
    expect(friends.room).toBe(server.room);
  });

  test('hands the room over before its first message', async () => {
    const seen: unknown[] = [];
    server.welcome = null;
    const joining = join({
      onRoom: (room) => {
        seen.push(room);
        room.onMessage('rooms', (list: unknown) => seen.push(list));
      },
    });
    await settle();
    server.room.say('rooms', ['one']);
    server.room.say('presence:welcome', { protocol: 1, userId: 'me', connectionId: 'c', presences: [] });
    await joining;
    expect(seen).toEqual([server.room, ['one']]);
  });

  test('fails in a room that is not presence-aware, and does not stay there', async () => {
    server.welcome = null;
    const joining = code(join({ timeoutMs: 500 }));
    await settle();
    await vi.advanceTimersByTimeAsync(500);
    expect(await joining).toBe('unavailable');
    expect(server.room.left).toEqual([true]);
    await settle();
  });

  test("names the reason when the server's presence refuses", async () => {
    server.onJoin = () => {
      throw new Error('Presence needs a user: client.auth carries no user id. (code: unauthenticated)');
    };
    expect(await code(join())).toBe('unauthenticated');
  });

  test('takes no code that it does not know from the text of a refusal', async () => {
    server.onJoin = () => {
      throw new Error('Go away. (code: constructor)');
    };
    expect(await code(join())).toBe('unavailable');
  });

  test('fails with a PresenceError whatever refused it, with the reason as its cause', async () => {
    const refused = new Error('no more rooms');
    server.onJoin = () => {
      throw refused;
    };
    const error: unknown = await join().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PresenceError);
    expect(error).toMatchObject({
      code: 'unavailable',
      message: 'Joining "presence" failed: no more rooms',
      cause: refused,
    });
  });

  test('gives a seat back that comes too late', async () => {
    let admit = (): void => undefined;
    server.onJoin = () =>
      new Promise<void>((resolve) => {
        admit = resolve;
      });
    const joining = code(join({ timeoutMs: 500 }));
    await settle();
    await vi.advanceTimersByTimeAsync(500);
    expect(await joining).toBe('unavailable');
    admit();
    await settle();
    expect(server.room.left).toEqual([true]);
  });

  test('refuses a status that cannot travel before it asks for a seat', async () => {
    expect(await code(join({ status: 'x'.repeat(4000) }))).toBe('status_too_long');
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    expect(await code(join({ status: circular }))).toBe('invalid_payload');
    expect(server.attempts).toBe(0);
  });

  test('does not wait for a welcome when only the state is wanted: there is none', async () => {
    server.welcome = null;
    const friends = await join({ sync: 'state' });
    expect(friends).toMatchObject({ me: undefined, userId: '', connection: 'online' });
    await friends.follow(['bob']);
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob' }]);
  });
});

describe('attach', () => {
  test('uses a room of the application, and rejoins under its name', async () => {
    const room = await server.client.joinOrCreate('lobby', { status: 'hi' });
    const rooms: unknown[] = [];
    const friends = await PresenceClient.attach(room, {
      client: server.client,
      joinOptions: { filter: 1 },
      onRoom: (each) => rooms.push(each),
    });
    clients.push(friends);
    expect(friends.room).toBe(room);
    expect(server.attempts).toBe(1);
    server.room.say('presence:delta', { joins: [{ userId: 'me', connectionId: 'own-1', status: 'hi' }], leaves: [] });
    server.room.end(4001);
    await vi.advanceTimersByTimeAsync(900);
    await settle();
    expect(server.room.name).toBe('lobby');
    expect(server.room.options).toEqual({ filter: 1, sync: 'deltas', status: 'hi', resume: 'own-1' });
    expect(rooms).toEqual([server.room]);
  });

  test('sets a status when one is given', async () => {
    const room = await server.client.joinOrCreate('lobby');
    clients.push(await PresenceClient.attach(room, { client: server.client, status: 'now' }));
    expect(sent('presence:status')).toEqual([{ status: 'now' }]);
  });
});

describe('messages of the server', () => {
  test('notify once each, after the list is up to date', async () => {
    const friends = await join();
    await friends.follow(['ann', 'bob']);
    const seen: unknown[] = [];
    friends.subscribe(() => seen.push(friends.getSnapshot().map(({ online }) => online)));
    friends.onUserStatusChanged((batch) => seen.push(batch.map(({ userId }) => userId)));
    server.room.say('presence:delta', { joins: [presence('ann'), presence('bob')], leaves: [] });
    expect(seen).toEqual([
      [true, true],
      ['ann', 'bob'],
    ]);
  });

  test('follow and unfollow on our behalf', async () => {
    const friends = await join();
    const changes: unknown[] = [];
    friends.onFollowsChanged((added, removed) => changes.push([added, removed]));
    server.room.say('presence:snapshot', { userIds: ['sid', 'tom'], presences: [], users: [] });
    server.room.say('presence:unfollowed', { userIds: ['sid', 'nobody'] });
    server.room.say('presence:unfollowed', { userIds: ['nobody'] });
    expect(changes).toEqual([
      [['sid', 'tom'], []],
      [[], ['sid']],
    ]);
    expect(friends.getSnapshot().map(({ userId }) => userId)).toEqual(['tom']);
  });

  test('that make no sense change nothing', async () => {
    const friends = await join();
    await friends.follow(['bob']);
    const before = friends.getSnapshot();
    const changed = vi.fn();
    friends.subscribe(changed);
    for (const nonsense of [undefined, null, 7, 'x', [], {}, { joins: [{}], leaves: [null], userIds: [1] }]) {
      for (const type of ['delta', 'snapshot', 'unfollowed', 'welcome']) {
        server.room.say(`presence:${type}`, nonsense);
      }
    }
    expect(changed).not.toHaveBeenCalled();
    expect(friends.getSnapshot()).toBe(before);
  });

  test('reach listeners until they unsubscribe', async () => {
    const friends = await join();
    await friends.follow(['bob']);
    const heard = vi.fn();
    const stops = [
      friends.subscribe(heard),
      friends.onDelta(heard),
      friends.onUserStatusChanged(heard),
      friends.onFollowsChanged(heard),
      friends.onConnectionChange(heard),
    ];
    stops.forEach((stop) => {
      stop();
    });
    server.room.say('presence:delta', { joins: [presence('bob')], leaves: [] });
    server.room.say('presence:unfollowed', { userIds: ['bob'] });
    server.room.drop();
    expect(heard).not.toHaveBeenCalled();
  });
});

describe('the order of the wire', () => {
  test.each([
    ['again after a lost seat', true],
    ['again by a call', false],
  ])('applies answers and deltas in the order of the wire, whoever is followed %s', async (_, isLost) => {
    const friends = await join();
    server.presences = [presence('bob', 'first')];
    await friends.follow(['bob']);
    server.onRequest = (type, _payload, room) => {
      if (type === 'presence:follow') {
        room.say('presence:delta', { leaves: [], joins: [presence('bob', 'before')] });
        // Handled in one go, as the frames of one chunk are.
        return Promise.resolve({ presences: [presence('bob', 'snapshot')], users: [] });
      }
      return undefined;
    };
    server.afterReply = (room) =>
      room.say('presence:delta', { leaves: [presence('bob', 'snapshot')], joins: [presence('bob', 'after')] });
    if (isLost) {
      server.room.end(4001);
      await vi.advanceTimersByTimeAsync(900);
      await settle();
    } else {
      await friends.follow(['bob']);
    }
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob', customStatus: 'after', stale: false }]);
  });

  test('ignores deltas about somebody whose follow is not answered yet: the answer is newer', async () => {
    const friends = await join();
    server.onRequest = (type, _, room) => {
      room.say('presence:delta', { joins: [presence('bob', 'older')], leaves: [] });
      return type === 'presence:follow' ? { presences: [presence('bob', 'newer')], users: [] } : undefined;
    };
    await friends.follow(['bob']);
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob', customStatus: 'newer' }]);
  });
});
