/** The client helper over real sockets, against the real rooms. */
import { CloseCode, Room as MatchBase, type Client as ServerClient } from '@colyseus/core';
import type { Room } from '@colyseus/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { presence } from '../../src/index.ts';
import { PresenceClient, type Friend } from '../../src/client/index.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { cork, cut, friendOf, hold, Players, recordDeltas, serverClient, serverRoom } from './support.ts';

class MatchRoom extends MatchBase {
  override maxClients = 2;
  override messages = {
    echo: (_client: ServerClient, text: string) => text.toUpperCase(),
  };
}

const friendsOf = new Map<string, string[]>();
let server: TestServer;
let players: Players;

beforeAll(async () => {
  vi.spyOn(console, 'info').mockImplementation(() => undefined);
  server = await startServer(
    { rateWindowMs: 300, graceSeconds: 2, resolveFollows: ({ userId }) => friendsOf.get(userId) ?? [] },
    { match: MatchRoom },
  );
  players = new Players(server);
});
afterEach(async () => {
  friendsOf.clear();
  await players.clear();
});
afterAll(async () => {
  await server.stop();
  vi.restoreAllMocks();
});

const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'fine',
    (error: unknown) => (error as { code?: unknown }).code,
  );

describe('friends', () => {
  test('see each other come, change and go', async () => {
    const alice = await players.join('alice');
    await alice.follow(['bob']);
    expect(friendOf(alice, 'bob')).toMatchObject({ online: false, stale: false, username: undefined });
    const deltas = recordDeltas(alice);

    const bob = await players.join('bob|Bob', { status: '' });
    await until(() => friendOf(alice, 'bob')?.online, 'bob to be online');
    await bob.setStatus({ text: 'Playing', matchId: 'm1' });
    await until(() => friendOf(alice, 'bob')?.matchId === 'm1', 'the match');
    expect(friendOf(alice, 'bob')).toMatchObject({
      username: 'Bob',
      general: 'online',
      details: { text: 'Playing', matchId: 'm1' },
      joinable: true,
    });

    await bob.setStatus(null);
    await until(() => friendOf(alice, 'bob')?.general === 'offline', 'bob to be invisible');
    await bob.setStatus('back');
    await until(() => friendOf(alice, 'bob')?.customStatus === 'back', 'bob to be back');
    await bob.leave();
    await until(() => friendOf(alice, 'bob')?.general === 'unlogined', 'bob to be gone');
    const playing = '{"text":"Playing","matchId":"m1"}';
    expect(deltas).toEqual(['+bob ', '-bob ', `+bob ${playing}`, `-bob ${playing}`, '+bob back', '-bob back']);
  });

  test('are shown as they are when followed, and nobody "comes" by it', async () => {
    await players.join('bob', { status: 'hi' });
    const alice = await players.join('alice');
    const deltas = recordDeltas(alice);
    const { presences, evicted } = await alice.follow(['bob', 'nobody']);
    expect(presences).toMatchObject([{ userId: 'bob', status: 'hi' }]);
    expect(evicted).toEqual([]);
    expect(alice.getSnapshot()).toMatchObject([
      { userId: 'bob', online: true },
      { userId: 'nobody', general: 'unlogined' },
    ]);
    expect(deltas).toEqual([]);
  });

  test('keep their objects while they do not change', async () => {
    const bob = await players.join('bob', { status: 'a' });
    await players.join('cat', { status: 'a' });
    const alice = await players.join('alice');
    await alice.follow(['bob', 'cat']);
    const before = alice.getSnapshot();
    const snapshots: Array<readonly Friend[]> = [];
    alice.subscribe(() => snapshots.push(alice.getSnapshot()));
    await bob.setStatus('b');
    await until(() => friendOf(alice, 'bob')?.customStatus === 'b', 'the change');
    expect(snapshots).toHaveLength(1);
    expect(snapshots[0]?.[1]).toBe(before[1]);
    expect(snapshots[0]?.[0]).not.toBe(before[0]);
    expect(before[0]).toMatchObject({ customStatus: 'a' });
  });

  test('are shown as they are now when an answer and newer deltas come in one chunk', async () => {
    const bob = await players.join('bob', { status: 'b1' });
    const alice = await players.join('alice');
    await alice.follow(['bob']);
    const { frames, uncork } = cork(alice);
    const answered = alice.follow(['bob']);
    await until(() => frames() === 1, 'the answer');
    await bob.setStatus('b2');
    await until(() => frames() === 2, 'the delta');
    uncork();
    await answered;
    expect(friendOf(alice, 'bob')).toMatchObject({ customStatus: 'b2' });
  });

  test('are unheard of after being unfollowed', async () => {
    const bob = await players.join('bob', { status: 'a' });
    const alice = await players.join('alice');
    await alice.follow(['bob', 'cat']);
    await alice.unfollow(['bob']);
    const deltas = recordDeltas(alice);
    await bob.setStatus('b');
    await bob.getUserStatus(['bob']);
    expect(alice.getSnapshot().map(({ userId }) => userId)).toEqual(['cat']);
    await alice.unfollowAll();
    expect(alice.getSnapshot()).toEqual([]);
    expect(deltas).toEqual([]);
  });
});

describe('the own user', () => {
  test('is known over all devices, and each hears of the other', async () => {
    const pc = await players.join('alice|Alice', { status: 'pc' });
    const phone = await players.join('alice|Alice');
    expect(phone).toMatchObject({ userId: 'alice', me: { customStatus: 'pc', username: 'Alice' } });
    expect(phone.connectionId).not.toBe(pc.connectionId);
    const changes: unknown[] = [];
    pc.onUserStatusChanged((batch) => changes.push(...batch));
    await phone.setStatus('phone');
    await until(() => pc.me?.customStatus === 'phone', 'the PC to hear of the phone');
    expect(pc.me?.connections.map(({ connectionId }) => connectionId)).toEqual([pc.connectionId, phone.connectionId]);
    await phone.leave();
    await until(() => pc.me?.customStatus === 'pc', 'the phone to be gone');
    expect(changes).toEqual([
      { userId: 'alice', general: 'online', customStatus: 'phone', me: true },
      { userId: 'alice', general: 'online', customStatus: 'pc', me: true },
    ]);
  });

  test("gets own and friends' changes through one callback", async () => {
    const bob = await players.join('bob');
    const alice = await players.join('alice');
    await alice.follow(['bob']);
    const changes: string[] = [];
    alice.onUserStatusChanged((batch) =>
      changes.push(
        ...batch.map(({ userId, general, customStatus, me }) => `${userId} ${general} ${customStatus} ${me}`),
      ),
    );
    await alice.setStatus('mine');
    await until(() => alice.me?.online, 'the own change');
    await bob.setStatus('his');
    await until(() => friendOf(alice, 'bob')?.online, 'the change of bob');
    await bob.leave();
    await until(() => friendOf(alice, 'bob')?.online === false, 'bob to leave');
    expect(changes).toEqual(['alice online mine true', 'bob online his false', 'bob unlogined  false']);
  });
});

describe('long lists', () => {
  const uuid = (i: number): string => `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`;

  test('of 200 UUIDs are followed through the default frame size', async () => {
    await players.join(uuid(199), { status: 'last' });
    const alice = await players.join('alice');
    const { presences } = await alice.follow(Array.from({ length: 200 }, (_, i) => uuid(i)));
    expect(presences).toMatchObject([{ userId: uuid(199), status: 'last' }]);
    expect(alice.getSnapshot()).toHaveLength(200);
    await alice.unfollow(Array.from({ length: 150 }, (_, i) => uuid(i)));
    expect(alice.getSnapshot()).toHaveLength(50);
    expect(alice.connection).toBe('online');
  });

  test('of 500 UUIDs are queried through the default frame size', async () => {
    await players.join(uuid(7), { status: 'seven' });
    const alice = await players.join('alice');
    const users = await alice.getUserStatus(Array.from({ length: 500 }, (_, i) => uuid(i)));
    expect(users).toHaveLength(500);
    expect(users.filter(({ general }) => general === 'online')).toMatchObject([
      { userId: uuid(7), customStatus: 'seven' },
    ]);
    expect(alice.connection).toBe('online');
  });

  test("beyond the server's limit fail typed, and keep what went before", async () => {
    const alice = await players.join('alice');
    expect(await code(alice.follow(Array.from({ length: 201 }, (_, i) => `u${i}`)))).toBe('too_many_follows');
    expect(alice.getSnapshot()).toHaveLength(200);
  });

  test('beyond the call rate wait for their turn', async () => {
    const alice = await players.join('alice');
    await Promise.all(Array.from({ length: 45 }, (_, i) => alice.follow([`u${i}`])));
    expect(alice.getSnapshot()).toHaveLength(45);
  });
});

describe('mistakes', () => {
  test('are answered with a typed error, and cost nothing else', async () => {
    const alice = await players.join('alice', { status: 'good' });
    expect(await code(alice.setStatus('x'.repeat(2049)))).toBe('status_too_long');
    expect(await code(alice.setStatus('x'.repeat(100_000)))).toBe('status_too_long');
    expect(await code(alice.getUserStatus([7.5]))).toBe('invalid_payload');
    expect(await code(alice.joinFriend('nobody'))).toBe('not_visible');
    expect(alice.connection).toBe('online');
    await until(() => alice.me?.customStatus === 'good', 'the status to be as before');
  });

  test('of identity refuse the join', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    expect(await code(players.join(''))).toBe('unauthenticated');
    expect(await code(players.join('alice', { status: 'x'.repeat(2049) }))).toBe('status_too_long');
  });

  test('of choosing a room without presence are told', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    expect(await code(players.join('alice', { timeoutMs: 100 }, 'match'))).toBe('unavailable');
  });
});

describe('a dropped socket', () => {
  test('comes back unnoticed by friends, with what it missed as joins and leaves', async () => {
    const [bob, cat] = [await players.join('bob', { status: 'b1' }), await players.join('cat', { status: 'c1' })];
    await players.join('dan', { status: 'd1' });
    const alice = await players.join('alice', { status: 'a1' });
    await alice.follow(['bob', 'cat', 'dan']);
    await bob.follow(['alice']);
    const { connectionId } = alice;
    const seen = recordDeltas(alice);
    const seenByBob = recordDeltas(bob);
    const states: string[] = [];
    alice.onConnectionChange((state) => states.push(state));

    const release = hold(alice);
    cut(alice);
    await until(() => alice.connection === 'reconnecting', 'the drop to be noticed');
    expect(alice.getSnapshot().every(({ stale, online }) => stale && online)).toBe(true);
    await bob.setStatus('b2');
    await cat.leave();
    const waiting = alice.getUserStatus(['cat']);
    release();
    expect(await waiting).toMatchObject([{ general: 'unlogined' }]);
    await until(() => alice.getSnapshot().every(({ stale }) => !stale), 'the list to be fresh');

    expect(seen).toEqual(['-bob b1', '-cat c1', '+bob b2']);
    expect(seenByBob.filter((line) => line.includes('alice'))).toEqual([]);
    expect(states).toEqual(['reconnecting', 'online']);
    expect(alice.connectionId).toBe(connectionId);
    expect(alice.me).toMatchObject({ customStatus: 'a1', stale: false });
  });

  test('says nothing when nothing was missed', async () => {
    await players.join('bob', { status: 'b1' });
    const alice = await players.join('alice', { status: 'a1' });
    await alice.follow(['bob', 'nobody']);
    await until(() => alice.me?.online, 'the own status');
    const heard = vi.fn();
    alice.onDelta(heard);
    alice.onUserStatusChanged(heard);
    alice.onFollowsChanged(heard);
    cut(alice);
    await until(() => alice.connection === 'reconnecting', 'the drop to be noticed');
    await until(
      () => alice.connection === 'online' && alice.getSnapshot().every(({ stale }) => !stale),
      'the list to be fresh',
    );
    expect(heard).not.toHaveBeenCalled();
  });

  test('brings a status set meanwhile along', async () => {
    const bob = await players.join('bob');
    const alice = await players.join('alice', { status: 'before' });
    await bob.follow(['alice']);
    const release = hold(alice);
    cut(alice);
    await until(() => alice.connection === 'reconnecting', 'the drop to be noticed');
    const told = Promise.all([alice.setStatus('one'), alice.setStatus('two')]);
    const seen = recordDeltas(bob);
    release();
    await told;
    await until(() => friendOf(bob, 'alice')?.customStatus === 'two', 'the status to arrive');
    expect(seen).toEqual(['-alice before', '+alice two']);
  });
});

describe('a lost seat', () => {
  test('is replaced, with status and follows', async () => {
    const bob = await players.join('bob', { status: 'b1' });
    await players.join('cat', { status: 'c1' });
    const alice = await players.join('alice', { status: 'a1' });
    await alice.setStatus({ text: 'a2' });
    await alice.follow(['bob', 'cat']);
    await bob.follow(['alice']);
    const old = alice.room;
    const seen = recordDeltas(alice);

    await serverRoom(old).disconnect(CloseCode.SERVER_SHUTDOWN);
    await until(
      () =>
        [alice, bob].every(
          (player) =>
            player.connection === 'online' && player.room !== old && player.getSnapshot().every(({ stale }) => !stale),
        ),
      'everybody to be back',
    );
    await until(
      () => friendOf(bob, 'alice')?.customStatus === '{"text":"a2"}' && friendOf(alice, 'bob')?.customStatus === 'b1',
      'the statuses to be back',
    );
    expect(friendOf(alice, 'cat')).toMatchObject({ online: true, customStatus: 'c1' });
    expect(serverClient(alice.room)).toBeDefined();

    seen.length = 0;
    await bob.setStatus('b3');
    await until(() => seen.length > 0, 'a delta in the new room');
    expect(seen).toEqual(['-bob b1', '+bob b3']);
  });

  test('is replaced when the connection breaks too early for the SDK to reconnect', async () => {
    const alice = await players.join('alice', { status: 'a1', onRoom: () => undefined });
    await alice.follow(['bob']);
    const old = alice.room;
    cut(alice);
    await until(() => alice.connection === 'online' && alice.room !== old, 'alice to be back');
    await until(() => alice.getSnapshot()[0]?.stale === false && alice.me?.online, 'the list to be fresh');
    expect(await alice.getUserStatus(['alice'])).toMatchObject([{ customStatus: 'a1' }]);
  });

  test('is not replaced when the server ends it on purpose', async () => {
    const alice = await players.join('alice');
    const reasons: unknown[] = [];
    alice.onConnectionChange((state, error) => reasons.push(state, (error as { code?: unknown }).code));
    serverClient(alice.room).leave(CloseCode.CONSENTED);
    await until(() => alice.connection === 'closed', 'the end');
    expect(reasons).toEqual(['closed', 'not_joined']);
    expect(await code(alice.setStatus('x'))).toBe('not_joined');
  });
});

describe('follows of the server', () => {
  test('appear without a call, and end when it says so', async () => {
    friendsOf.set('alice', ['bob', 'cat']);
    await players.join('bob', { status: 'hi' });
    const alice = await players.join('alice');
    const changes: unknown[] = [];
    const deltas = recordDeltas(alice);
    alice.onFollowsChanged((added, removed) => changes.push([added, removed]));
    await until(() => alice.getSnapshot().length === 2, 'the friend list');
    expect(friendOf(alice, 'bob')).toMatchObject({ online: true, customStatus: 'hi' });
    changes.length = 0;
    void presence.follow({ userId: 'alice' }, ['dan']);
    await until(() => friendOf(alice, 'dan'), 'dan');
    void presence.unfollow({ userId: 'alice' }, ['bob']);
    await until(() => friendOf(alice, 'bob') === undefined, 'bob to be gone');
    expect(changes).toEqual([
      [['dan'], []],
      [[], ['bob']],
    ]);
    expect(deltas).toEqual([]);
  });

  test('are left to the server after a lost seat', async () => {
    friendsOf.set('alice', ['bob', 'cat']);
    const alice = await players.join('alice');
    await until(() => alice.getSnapshot().length === 2, 'the friend list');
    await alice.follow(['dan']);
    friendsOf.set('alice', ['bob', 'eve']);
    await serverRoom(alice.room).disconnect(CloseCode.SERVER_SHUTDOWN);
    await until(() => friendOf(alice, 'eve') && friendOf(alice, 'dan')?.stale === false, 'the follows to be back');
    expect(alice.getSnapshot().map(({ userId, stale }) => `${userId} ${stale}`)).toEqual([
      'bob false',
      'cat true',
      'dan false',
      'eve false',
    ]);
  });

  test('also set statuses: what the server has set is what is restored', async () => {
    const alice = await players.join('alice', { status: 'rude' });
    await until(() => alice.me?.online, 'the own status');
    void presence.setStatus({ userId: 'alice' }, 'polite');
    await until(() => alice.me?.customStatus === 'polite', 'the status of the server');
    const old = alice.room;
    await serverRoom(old).disconnect(CloseCode.SERVER_SHUTDOWN);
    await until(() => alice.connection === 'online' && alice.room !== old, 'alice to be back');
    expect(await alice.getUserStatus(['alice'])).toMatchObject([{ customStatus: 'polite' }]);
  });
});

describe('joinFriend', () => {
  const matches: Room[] = [];
  afterEach(async () => {
    await Promise.all(matches.splice(0).map((match) => match.leave()));
  });
  const start = async (token: string): Promise<Room> => {
    const match = await server.client(token).create('match');
    matches.push(match);
    return match;
  };

  test('leads into the same match', async () => {
    const match = await start('bob');
    const bob = await players.join('bob', { status: { text: 'Playing', matchId: match.roomId } });
    const alice = await players.join('alice');
    await alice.follow(['bob']);
    const joined = await alice.joinFriend<typeof MatchRoom>('bob', {
      connectionId: friendOf(alice, 'bob')!.connections[0]!.connectionId,
    });
    matches.push(joined as Room);
    expect(joined.roomId).toBe(match.roomId);
    const reply = await joined.request('echo', 'hello');
    expectTypeOf(reply).toEqualTypeOf<string>();
    expect(reply).toBe('HELLO');
    expect([...serverRoom(match).clients].map(({ auth }) => (auth as { userId: string }).userId).toSorted()).toEqual([
      'alice',
      'bob',
    ]);
    expect(bob.connection).toBe('online');
  });

  test('says why not', async () => {
    const match = await start('bob');
    const bob = await players.join('bob', { status: 'no match' });
    const alice = await players.join('alice');
    expect(await code(alice.joinFriend('bob'))).toBe('not_visible');
    await alice.follow(['bob']);
    expect(await code(alice.joinFriend('bob'))).toBe('no_match');
    matches.push(await server.client('cat').joinById(match.roomId));
    await bob.setStatus({ matchId: match.roomId });
    expect(await code(alice.joinFriend('bob'))).toBe('match_full');
    await bob.setStatus({ matchId: 'gone' });
    expect(await code(alice.joinFriend('bob'))).toBe('match_gone');
    expect(alice.connection).toBe('online');
  });
});

describe('one connection for lobby and friends', () => {
  test('by joining: the room is handed off before its list of rooms arrives', async () => {
    await players.join('bob', { status: 'hi' });
    const rooms: unknown[] = [];
    const alice = await players.join(
      'alice',
      {
        onRoom: (room) => {
          room.onMessage('rooms', (list: unknown) => rooms.push(list));
        },
      },
      'lobby',
    );
    expect(rooms).toEqual([[]]);
    await alice.follow(['bob']);
    expect(friendOf(alice, 'bob')?.customStatus).toBe('hi');
    await serverRoom(alice.room).disconnect(CloseCode.SERVER_SHUTDOWN);
    await until(() => rooms.length === 2, 'the list of rooms of the new room');
  });

  test('by attaching to a room that the game has joined', async () => {
    const client = server.client('alice');
    const room = await client.joinOrCreate('lobby', { status: 'there', sync: 'deltas' });
    const rooms: unknown[] = [];
    room.onMessage('rooms', (list: unknown) => rooms.push(list));
    const alice = await PresenceClient.attach(room, {
      client,
      rejoin: { minMs: 1, maxMs: 20 },
      onRoom: (each) => {
        each.onMessage('rooms', (list: unknown) => rooms.push(list));
      },
    });
    expect(alice.room).toBe(room);
    expect(rooms).toHaveLength(1);
    await until(() => alice.me?.customStatus === 'there', 'the own status');
    await serverRoom(room).disconnect(CloseCode.SERVER_SHUTDOWN);
    await until(
      () => alice.connection === 'online' && alice.room !== room && alice.me?.customStatus === 'there',
      'alice to be back in the lobby',
    );
    await until(() => rooms.length === 2, 'the list of rooms');
    expect(alice.room.name).toBe('lobby');
    await alice.leave();
  });
});

describe('the schema state', () => {
  test('is there for those who ask for both', async () => {
    await players.join('bob', { status: 'hi' });
    const alice = await players.join('alice', { sync: 'both' });
    await alice.follow(['bob']);
    const state = alice.room.state as { users: Map<string, { general: string }> };
    await until(() => state.users.get('bob')?.general === 'online', 'bob in the state');
    expect(friendOf(alice, 'bob')?.online).toBe(true);
  });

  test('alone still works for calls', async () => {
    await players.join('bob', { status: 'hi' });
    const alice = await players.join('alice', { sync: 'state' });
    await alice.follow(['bob']);
    const state = alice.room.state as { users: Map<string, { general: string }> };
    await until(() => state.users.get('bob')?.general === 'online', 'bob in the state');
    expect(await alice.getUserStatus(['bob'])).toMatchObject([{ customStatus: 'hi' }]);
  });
});

describe('leave()', () => {
  test('is seen by friends at once, and ends the connection on both sides', async () => {
    const bob = await players.join('bob');
    const alice = await players.join('alice', { status: 'hi' });
    await bob.follow(['alice']);
    const { room } = alice;
    await alice.leave();
    await until(() => friendOf(bob, 'alice')?.general === 'unlogined', 'alice to be gone');
    expect(room.connection.isOpen).toBe(false);
    expect(serverClient(room)).toBeUndefined();
  });

  test('while reconnecting still tells the server as soon as that is possible', async () => {
    const bob = await players.join('bob');
    const alice = await players.join('alice', { status: 'hi' });
    await bob.follow(['alice']);
    const release = hold(alice);
    cut(alice);
    await until(() => alice.connection === 'reconnecting', 'the drop to be noticed');
    await alice.leave();
    release();
    await until(() => friendOf(bob, 'alice')?.general === 'unlogined', 'alice to be gone for good', 1500);
  });
});
