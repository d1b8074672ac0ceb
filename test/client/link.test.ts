/** The connection: dropped, lost, rejoined. */
import { describe, expect, test, vi } from 'vitest';
import type { Delta } from '../../src/protocol.ts';
import { presence } from './fakes.ts';
import { code, join, lose, sent, server, settle, useScriptedServer } from './scripted.ts';

useScriptedServer();

describe('a dropped connection', () => {
  test('keeps the list, marks it, and says so', async () => {
    const friends = await join();
    server.presences = [presence('bob', 'hi')];
    await friends.follow(['bob']);
    const states: unknown[] = [];
    const changed = vi.fn();
    friends.onConnectionChange((state) => states.push([state, friends.getSnapshot()[0]?.stale]));
    friends.subscribe(changed);
    server.room.drop();
    server.room.drop();
    expect(states).toEqual([['reconnecting', true]]);
    expect(changed).toHaveBeenCalledOnce();
    expect(friends.connection).toBe('reconnecting');
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob', online: true, customStatus: 'hi', stale: true }]);
  });

  test('turns what was missed into joins and leaves on return', async () => {
    const friends = await join();
    server.presences = [presence('ann'), presence('bob', 'hi'), presence('cat')];
    await friends.follow(['ann', 'bob', 'cat']);
    const deltas: Delta[] = [];
    friends.onDelta((delta) => deltas.push(delta));
    server.room.drop();
    server.room.comeBack();
    await settle();
    expect(friends.connection).toBe('online');
    server.room.say('presence:snapshot', {
      userIds: ['me', 'ann', 'bob', 'cat'],
      presences: [presence('ann'), presence('bob', 'ho')],
      users: [{ userId: 'cat', general: 'offline' }],
      complete: true,
    });
    expect(deltas).toEqual([
      {
        leaves: [presence('bob', 'hi'), presence('cat')],
        joins: [presence('bob', 'ho')],
        users: [{ userId: 'cat', general: 'offline' }],
      },
    ]);
    expect(friends.getSnapshot().every(({ stale }) => !stale)).toBe(true);
    expect(server.attempts).toBe(1);
    expect(sent('presence:follow')).toHaveLength(1);
  });

  test('is over, for listeners, when the server knows that we are back', async () => {
    const friends = await join();
    const answers: unknown[] = [];
    friends.onConnectionChange((state) => {
      if (state === 'online') {
        answers.push(friends.setStatus('x'));
      }
    });
    server.room.drop();
    server.room.comeBack();
    await settle();
    expect(await Promise.all(answers)).toHaveLength(1);
    expect(sent('presence:status')).toHaveLength(1);
  });

  test('that does not come back in time counts as a lost seat', async () => {
    const friends = await join({ reconnectMs: 4000 });
    const { room } = server;
    room.drop();
    await vi.advanceTimersByTimeAsync(3000);
    room.drop();
    await vi.advanceTimersByTimeAsync(999);
    expect(friends.connection).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(1);
    expect(friends.connection).toBe('rejoining');
    await vi.advanceTimersByTimeAsync(900);
    await settle();
    expect(friends.connection).toBe('online');
    expect(friends.room).toBe(server.room);
    room.comeBack();
    await settle();
    expect(room.left).toEqual([true]);
    expect(server.attempts).toBe(2);
  });

  test('that came back is not given up later', async () => {
    const friends = await join({ reconnectMs: 4000 });
    server.room.drop();
    server.room.comeBack();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(friends.connection).toBe('online');
    expect(server.attempts).toBe(1);
  });
});

describe('a lost seat', () => {
  test('is asked for again, with the status, the identity and the follows of before', async () => {
    const friends = await join({ status: '', joinOptions: { region: 'eu' }, roomMethod: 'create' });
    await friends.setStatus({ text: 'Playing' });
    server.presences = [presence('bob', 'hi')];
    await friends.follow(Array.from({ length: 120 }, (_, i) => `user-${i}`));
    await friends.follow(['bob']);
    const old = server.room;
    const states: string[] = [];
    const rooms: unknown[] = [];
    friends.onConnectionChange((state) => states.push(state));
    friends.subscribe(() => rooms.push(friends.room));
    await lose();
    expect(server.room).not.toBe(old);
    expect(server.methods).toEqual(['create', 'create']);
    expect(server.room.options).toEqual({
      region: 'eu',
      sync: 'deltas',
      status: '{"text":"Playing"}',
      resume: 'own-1',
    });
    expect(states).toEqual(['rejoining', 'online']);
    expect(server.room.sent.map(({ payload }) => (payload['userIds'] as string[]).length)).toEqual([100, 21]);
    expect(friends.room).toBe(server.room);
    expect(friends.connectionId).toBe('own-1');
    expect(friends.getSnapshot().every(({ stale }) => !stale)).toBe(true);
  });

  test('tells what was missed, and nothing else', async () => {
    const friends = await join();
    server.presences = [presence('ann'), presence('bob', 'hi'), presence('cat')];
    await friends.follow(['ann', 'bob', 'cat']);
    const [ann] = friends.getSnapshot();
    const deltas: Delta[] = [];
    const changes = vi.fn();
    friends.onDelta((delta) => deltas.push(delta));
    friends.onUserStatusChanged(changes);
    friends.onFollowsChanged(changes);
    server.presences = [presence('ann'), presence('bob', 'ho')];
    await lose();
    expect(deltas).toEqual([
      {
        leaves: [presence('bob', 'hi'), presence('cat')],
        joins: [presence('bob', 'ho')],
        users: [{ userId: 'cat', general: 'unlogined' }],
      },
    ]);
    expect(changes.mock.calls).toEqual([
      [
        [
          { userId: 'bob', general: 'online', customStatus: 'ho', me: false },
          { userId: 'cat', general: 'unlogined', customStatus: '', me: false },
        ],
      ],
    ]);
    expect(friends.getSnapshot()[0]).toEqual(ann);
  });

  test('is asked for with growing, random delays until it succeeds', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const friends = await join({ rejoin: { minMs: 100, maxMs: 1000 } });
    const times: number[] = [];
    server.onJoin = (attempt) => {
      times.push(performance.now());
      if (attempt < 6) {
        throw new Error('connect ECONNREFUSED');
      }
    };
    const start = performance.now();
    server.room.end(1006);
    await vi.advanceTimersByTimeAsync(5000);
    await settle();
    expect(friends.connection).toBe('online');
    expect(times.map((time) => Math.round(time - start))).toEqual([300, 1200, 2200, 3200, 4200]);
    vi.restoreAllMocks();
  });

  test('is given up after the configured attempts, with the reason', async () => {
    const friends = await join({ rejoin: { minMs: 10, maxMs: 10, attempts: 3 } });
    const states: unknown[] = [];
    friends.onConnectionChange((state, error) => states.push([state, (error as Error | undefined)?.message]));
    server.onJoin = () => {
      throw new Error('still down');
    };
    await lose(100);
    expect(states).toEqual([
      ['rejoining', undefined],
      ['closed', 'Joining "presence" failed: still down'],
    ]);
    expect(server.attempts).toBe(4);
    expect(await code(friends.setStatus('x'))).toBe('not_joined');
  });

  test('is given up at once when rejoining is switched off, or the server does not know us any more', async () => {
    const never = await join({ rejoin: { attempts: 0 } });
    await lose();
    expect(never.connection).toBe('closed');
    const stranger = await join();
    server.onJoin = () => {
      throw new Error('Presence needs a user. (code: unauthenticated)');
    };
    await lose();
    expect(stranger.connection).toBe('closed');
    expect(server.attempts).toBe(3);
  });

  test.each([1000, 4000])('is not asked for again when somebody ended it on purpose: %d', async (number) => {
    const friends = await join();
    server.room.end(number);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(friends.connection).toBe('closed');
    expect(server.attempts).toBe(1);
  });

  test('that is lost again while joining is asked for once more', async () => {
    const friends = await join({ status: 'x' });
    server.welcome = null;
    await lose();
    server.room.drop();
    server.room.end(1006);
    await settle();
    server.welcome = { protocol: 1, userId: 'me', presences: [] };
    await vi.advanceTimersByTimeAsync(2700);
    await settle();
    expect(server.attempts).toBe(3);
    expect(friends.connection).toBe('online');
    expect(server.rooms.map(({ left }) => left)).toEqual([[], [], []]);
  });

  test('does not come back after leave(), even if the join was under way', async () => {
    const friends = await join();
    let admit = (): void => undefined;
    server.onJoin = () =>
      new Promise<void>((resolve) => {
        admit = resolve;
      });
    await lose();
    expect(server.attempts).toBe(2);
    await friends.leave();
    admit();
    await settle();
    expect(server.rooms).toHaveLength(2);
    expect(server.room.left).toEqual([true]);
    expect(friends.connection).toBe('closed');
  });

  test('waits between attempts as before when a seat does not hold', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    await join();
    await lose(900);
    expect(server.attempts).toBe(2);
    await lose(900);
    expect(server.attempts).toBe(2);
    await vi.advanceTimersByTimeAsync(1800);
    await settle();
    expect(server.attempts).toBe(3);
    await vi.advanceTimersByTimeAsync(10_000);
    await lose(900);
    expect(server.attempts).toBe(4);
    vi.restoreAllMocks();
  });

  test('that a listener does not want any more is given back at once', async () => {
    const friends = await join();
    friends.subscribe(() => {
      if (server.rooms.length === 2) {
        void friends.leave();
      }
    });
    await lose();
    expect(friends.connection).toBe('closed');
    expect(server.room.left).toEqual([true]);
  });

  test('is resumed under the connection id that the server gave last', async () => {
    const friends = await join();
    server.welcome = { protocol: 1, userId: 'me', presences: [], connectionId: 'replaced' };
    await lose();
    expect(friends.connectionId).toBe('replaced');
    expect(server.room.options['resume']).toBe('own-1');
    server.room.say('presence:delta', {
      leaves: [],
      joins: [{ userId: 'me', connectionId: 'replaced', status: 'by the server' }],
    });
    await lose(2700);
    expect(server.room.options).toMatchObject({ resume: 'replaced', status: 'by the server' });
  });
});
