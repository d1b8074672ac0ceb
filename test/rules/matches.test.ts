/** `MatchPlugin`: the server says who is in which match, and who may join it. */
import type { EventEmitter } from 'node:events';
import { definePlugins, matchMaker, Room, type Client } from '@colyseus/core';
import type { Room as ClientRoom } from '@colyseus/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MatchPlugin, type JoinPolicy, type MatchOptions, type Presence } from '../../src/index.ts';
import { currentRuntime } from '../../src/server/runtime.ts';
import { expectSound, fresh, person, ROOMS, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const FAST: MatchOptions = { updateMs: 20 };

class ArenaRoom extends Room {
  override maxClients = 3;
  override seatReservationTimeout = 2;
  override plugins = definePlugins([new MatchPlugin(FAST)]);
}

/** Everything that hides the hooks of a plugin, and a reconnection in `onLeave`. */
class OddRoom extends Room {
  override plugins = definePlugins([new MatchPlugin(FAST)]);
  override messages = { hello: (client: Client) => client.send('hello') };
  override onCreate = (): void => {
    this.onMessage('other', () => {});
  };
  override onJoin = async (_client: Client, options?: { refused?: boolean }): Promise<void> => {
    if (options?.refused === true) {
      throw new Error('not you');
    }
  };
  override onLeave = async (client: Client): Promise<void> => {
    await this.allowReconnection(client, 5).catch(() => {});
  };
  override onUncaughtException(): void {}
}

/** A match that tells what it likes. */
class TalkativeRoom extends Room {
  map = 'dust';
  override plugins = definePlugins([
    new MatchPlugin({ ...FAST, metadata: (room) => ({ map: (room as TalkativeRoom).map }) }),
  ]);
}

class SlowRoom extends Room {
  override async onJoin(): Promise<void> {
    // A change before there is a player.
    await this.setMetadata({});
  }

  override plugins = definePlugins([new MatchPlugin({ updateMs: 400 })]);
}

type Arena = ArenaRoom;
const serverRoom = (match: ClientRoom): Arena => matchMaker.getLocalRoomById(match.roomId) as unknown as Arena;

let server: TestServer;
beforeAll(async () => {
  server = await startServer(
    { rateLimit: 1000, unverifiedMatches: 'hide' },
    { arena: ArenaRoom, odd: OddRoom, talkative: TalkativeRoom, slow: SlowRoom },
  );
});
afterAll(async () => {
  await server.stop();
});

async function enter(userId: string, name = 'arena', roomId?: string, options: object = {}): Promise<ClientRoom> {
  const client = server.client(userId);
  const match = await (roomId === undefined ? client.create(name, options) : client.joinById(roomId, options));
  match.onMessage('*', () => {});
  match.reconnection.enabled = false;
  return match;
}

/** The presence in a match that `viewer` holds of a user. */
const stayOf = (viewer: Person, userId: string): Presence | undefined =>
  viewer.sees(userId).find(({ match }) => match !== undefined);
const matchOf = (viewer: Person, userId: string): Presence['match'] => stayOf(viewer, userId)?.match;
const sees = async (viewer: Person, userId: string, match: object | undefined): Promise<void> => {
  await until(
    () => JSON.stringify(matchOf(viewer, userId)) === JSON.stringify(match),
    `${userId} in ${JSON.stringify(match)}, not ${JSON.stringify(matchOf(viewer, userId))}`,
  );
};
/** All that presence has sent; the list of rooms of a lobby is no secret. */
const bytesTo = ({ frames, heard }: Person): Buffer =>
  Buffer.concat(
    frames.filter((_, i) => {
      const entry = heard[i];
      return entry?.kind !== 'message' || !['rooms', '+', '-'].includes(entry.type);
    }),
  );
const ALONE = { verified: true, name: 'arena', players: 1, maxPlayers: 3, joinable: true };

describe.each(ROOMS)('seen from a %s room', (room) => {
  async function pair(status: string | null = 'In lobby'): Promise<{ ann: Person; bob: Person; bobId: string }> {
    const bobId = fresh('bob');
    const bob = await person(server, `${bobId}|Bob`, room, { status });
    const ann = await person(server, fresh('ann'), room);
    await ann.follow([bobId]);
    return { ann, bob, bobId };
  }

  test('a player is shown in the match, with no call of the client, and back in the lobby afterwards', async () => {
    const { ann, bob, bobId } = await pair();
    const before = ann.sees(bobId);
    const match = await enter(`${bobId}|Bob`);
    await sees(ann, bobId, ALONE);
    expect(stayOf(ann, bobId)).toEqual({
      userId: bobId,
      connectionId: expect.not.stringMatching(match.sessionId),
      status: '',
      matchId: match.roomId,
      match: ALONE,
      username: 'Bob',
    });
    expect(ann.sees(bobId)).toEqual(expect.arrayContaining(before));
    const { connectionId } = stayOf(ann, bobId)!;
    expect(ann.state.users[bobId]?.connections[connectionId]).toEqual({
      connectionId,
      status: '',
      matchId: match.roomId,
      match: JSON.stringify(ALONE),
    });
    const { users } = await ann.ask('presence:query', { userIds: [bobId] });
    expect(users[0]).toMatchObject({ general: 'online', customStatus: 'In lobby' });
    expect(users[0]?.presences).toHaveLength(2);
    await match.leave();
    await until(() => matchOf(ann, bobId) === undefined, 'the end');
    expect(ann.sees(bobId)).toEqual(before);
    expectSound(ann, bob);
  });

  test('it stays visible while it is connected to the match only, and is gone with it', async () => {
    const { ann, bob, bobId } = await pair();
    const match = await enter(bobId);
    await sees(ann, bobId, ALONE);
    await bob.leave();
    await until(() => ann.sees(bobId).length === 1, 'the lobby to be left');
    expect(matchOf(ann, bobId)).toEqual(ALONE);
    expect(ann.state.users[bobId]?.general).toBe('online');
    const late = await person(server, fresh('late'), room);
    expect((await late.follow([bobId])).presences).toMatchObject([{ matchId: match.roomId, match: ALONE }]);
    const back = await person(server, bobId, room, { status: 'back' });
    await until(() => ann.statusesOf(bobId).includes('back'), 'Bob in the lobby again');
    await back.leave();
    await match.leave();
    await until(() => ann.sees(bobId).length === 0, 'Bob to be gone');
    expect(ann.state.users[bobId]?.general).toBe('unlogined');
    expectSound(ann, late);
  });

  test('who never was visible, or chooses to be invisible, is not seen in the match either', async () => {
    const { ann, bob, bobId } = await pair(null);
    const stranger = await person(server, fresh('stranger'), room);
    await stranger.follow([fresh('nobody'), bobId]);
    const match = await enter(bobId);
    await ann.settle();
    expect(ann.deltas).toEqual([]);
    expect((await stranger.ask('presence:query', { userIds: [bobId] })).users[0]?.general).toBe('unlogined');
    await bob.setStatus('hello');
    await sees(ann, bobId, ALONE);
    const first = stayOf(ann, bobId)!.connectionId;
    ann.clear();
    await bob.setStatus(null);
    await until(() => ann.sees(bobId).length === 0, 'nothing of Bob');
    // All at once, as when everything is lost.
    expect(ann.deltas).toHaveLength(1);
    expect(ann.deltas[0]).toMatchObject({ joins: [], users: [{ userId: bobId, general: 'offline' }] });
    await bob.setStatus('again');
    await sees(ann, bobId, ALONE);
    expect(stayOf(ann, bobId)?.connectionId).not.toBe(first);
    await bob.setStatus(null);
    await bob.leave();
    await until(() => ann.sees(bobId).length === 0, 'nothing of Bob');
    const visible = await person(server, bobId, room, { status: 'visible' });
    await sees(ann, bobId, ALONE);
    await visible.leave();
    await ann.settle();
    expect(matchOf(ann, bobId)).toEqual(ALONE);
    await match.leave();
    expectSound(ann);
  });

  test('lock, unlock, places, metadata, privacy, policy: friends see the room as it is', async () => {
    const { ann, bobId } = await pair();
    const match = await enter(bobId);
    await sees(ann, bobId, ALONE);
    const arena = serverRoom(match);
    await arena.lock();
    await sees(ann, bobId, { ...ALONE, joinable: false, reason: 'locked' });
    await arena.unlock();
    await sees(ann, bobId, ALONE);
    arena.maxClients = 1;
    await sees(ann, bobId, { ...ALONE, maxPlayers: 1, joinable: false, reason: 'full' });
    arena.maxClients = 3;
    await arena.setMetadata({ mode: 'ctf' });
    await sees(ann, bobId, { ...ALONE, metadata: { mode: 'ctf' } });
    await arena.setPrivate(true);
    await sees(ann, bobId, { ...ALONE, joinable: false, reason: 'private' });
    expect(stayOf(ann, bobId)).not.toHaveProperty('matchId');
    arena.plugins.match.policy = 'followers';
    await sees(ann, bobId, ALONE);
    expect(stayOf(ann, bobId)).not.toHaveProperty('matchId');
    arena.plugins.match.policy = 'nobody';
    await sees(ann, bobId, { ...ALONE, joinable: false, reason: 'policy' });
    await arena.setPrivate(false);
    arena.plugins.match.policy = undefined;
    await sees(ann, bobId, { ...ALONE, metadata: { mode: 'ctf' } });
    expect(stayOf(ann, bobId)?.matchId).toBe(match.roomId);
    await arena.disconnect();
    await until(() => matchOf(ann, bobId) === undefined, 'the end');
    expectSound(ann);
  });

  test('what a game changes that Colyseus does not tell is told with update()', async () => {
    const { ann, bobId } = await pair();
    const match = await enter(bobId, 'talkative');
    await until(() => matchOf(ann, bobId) !== undefined, 'the match');
    expect(matchOf(ann, bobId)).toMatchObject({ metadata: { map: 'dust' } });
    const talkative = matchMaker.getLocalRoomById(match.roomId) as unknown as TalkativeRoom;
    talkative.map = 'x'.repeat(2000);
    talkative.plugins.match.update();
    await until(() => matchOf(ann, bobId)?.verified === true && !('metadata' in matchOf(ann, bobId)!), 'nothing');
    await match.leave();
  });

  test('a match id that a client writes is shown only while the server sees the user there', async () => {
    const { ann, bob, bobId } = await pair();
    const other = await enter(fresh('other'));
    const claim = (matchId: string): string => JSON.stringify({ text: 'with me', matchId });
    await bob.setStatus(claim(other.roomId));
    await until(() => ann.statusesOf(bobId)[0] === '{"text":"with me"}', 'the status without it');
    await bob.setStatus(JSON.stringify({ matchId: other.roomId, again: other.roomId }));
    await until(() => ann.statusesOf(bobId)[0] === '', 'nothing of it');
    expect((await ann.refusal('presence:join', { userId: bobId }, 'request')).code).toBe('no_match');
    expect(bytesTo(ann).includes(other.roomId)).toBe(false);
    const match = await enter(bobId, 'arena', other.roomId);
    const two = { ...ALONE, players: 2 };
    await until(() => ann.sees(bobId).every((one) => one.matchId === other.roomId), 'both with the match');
    await until(
      () => ann.sees(bobId).every((one) => JSON.stringify(one.match) === JSON.stringify(two)),
      'both players',
    );
    await bob.setStatus(claim(other.roomId));
    await until(() => ann.statusesOf(bobId).includes(claim(other.roomId)), 'the whole status');
    await match.leave();
    await until(
      () => JSON.stringify(ann.statusesOf(bobId)) === JSON.stringify(['{"text":"with me"}']),
      'the status without it',
    );
    expect(ann.sees(bobId)[0]).not.toHaveProperty('match');
    await other.leave();
    expectSound(ann);
  });

  const VIEWERS = ['follower', 'friend', 'stranger'] as const;
  const ALLOWED: Record<JoinPolicy, ReadonlyArray<(typeof VIEWERS)[number]>> = {
    everyone: VIEWERS,
    followers: ['follower', 'friend'],
    mutual: ['friend'],
    invite: [],
    nobody: [],
  };
  const policies = Object.keys(ALLOWED) as JoinPolicy[];
  test.each(policies.flatMap((policy) => [false, true].map((isPrivate) => ({ policy, isPrivate }))))(
    'policy $policy, private: $isPrivate: who may not join does not get the id in any byte, who may gets a seat',
    async ({ policy, isPrivate }) => {
      const { bob, bobId } = await pair();
      const match = await enter(bobId);
      const arena = serverRoom(match);
      arena.maxClients = 10;
      arena.plugins.match.policy = policy;
      await arena.setPrivate(isPrivate);
      for (const kind of VIEWERS) {
        const viewerId = fresh(kind);
        const viewer = await person(server, viewerId, room, { status: '' });
        if (kind === 'friend') {
          await bob.follow([viewerId]);
        }
        if (kind !== 'stranger') {
          await viewer.follow([bobId]);
        }
        await viewer.settle();
        const { users } = await viewer.ask('presence:query', { userIds: [bobId] });
        const seen = users[0]?.presences.find((one) => one.match !== undefined);
        const isAllowed = ALLOWED[policy].includes(kind);
        expect([kind, seen?.match?.verified === true && seen.match.joinable]).toEqual([kind, isAllowed]);
        expect([kind, seen?.matchId]).toEqual([kind, isAllowed && !isPrivate ? match.roomId : undefined]);
        expect([kind, bytesTo(viewer).includes(match.roomId)]).toEqual([kind, isAllowed && !isPrivate]);
        const outcome = await viewer.ask('presence:join', { userId: bobId }).then(
          (seat) => seat.roomId,
          (error: { code: string }) => error.code,
        );
        // Only followers can join through a friend.
        const refused = kind === 'stranger' ? 'not_visible' : 'match_denied';
        expect([kind, outcome]).toEqual([kind, isAllowed && kind !== 'stranger' ? match.roomId : refused]);
      }
      await match.leave();
    },
  );

  test('mutual: who becomes a friend, or no longer is one, sees it at once; the last word holds while the player is in the match only', async () => {
    const { ann, bob, bobId } = await pair();
    const { userId: annId } = await ann.welcome();
    const match = await enter(bobId);
    const refused = { ...ALONE, joinable: false, reason: 'policy' };
    serverRoom(match).plugins.match.policy = 'mutual';
    await sees(ann, bobId, refused);
    const cat = await person(server, fresh('cat'), room);
    await cat.follow([bobId]);
    expect(matchOf(cat, bobId)).toEqual(refused);
    cat.clear();
    await bob.follow([annId]);
    await sees(ann, bobId, ALONE);
    expect(stayOf(ann, bobId)?.matchId).toBe(match.roomId);
    await bob.unfollow([annId]);
    await sees(ann, bobId, refused);
    await bob.follow([annId]);
    await sees(ann, bobId, ALONE);
    await bob.leave();
    await until(() => ann.sees(bobId).length === 1, 'the lobby to be left');
    expect(matchOf(ann, bobId)).toEqual(ALONE);
    expect((await ann.ask('presence:join', { userId: bobId })).roomId).toBe(match.roomId);
    await cat.settle();
    expect(matchOf(cat, bobId)).toMatchObject({ joinable: false, reason: 'policy' });
    // Not even that Bob has friends.
    expect(
      cat.deltas
        .flatMap(({ joins }) => joins)
        .filter((one) => one.match !== undefined && JSON.stringify(one.match) === JSON.stringify(refused)),
    ).toEqual([]);
    expect(bytesTo(cat).includes(match.roomId)).toBe(false);
    await match.leave();
    expectSound(ann, cat);
  });

  test('the policy of the moment counts, also before a friend has heard of it', async () => {
    const { ann, bobId } = await pair();
    const match = await enter(bobId);
    await sees(ann, bobId, ALONE);
    const { policy } = serverRoom(match).plugins.match;
    expect(policy).toBeUndefined();
    // Ann's call is read before the followers are told.
    const asked = ann.refusal('presence:join', { userId: bobId }, 'send');
    serverRoom(match).plugins.match.policy = 'invite';
    expect((await asked).code).toBe('match_denied');
    await match.leave();
  });

  test('two friends click for the last place: one gets it, the other match_full, and no seat is left', async () => {
    const { bobId } = await pair();
    const match = await enter(bobId);
    const arena = serverRoom(match);
    arena.maxClients = 2;
    const friends = await Promise.all(['ann', 'cat'].map(async (name) => person(server, fresh(name), room)));
    await Promise.all(friends.map(async (one) => one.follow([bobId])));
    const outcomes = await Promise.all(
      friends.map(async (one) =>
        one.ask('presence:join', { userId: bobId }).then(
          () => 'a seat',
          (error: { code: string }) => error.code,
        ),
      ),
    );
    expect(outcomes.sort()).toEqual(['a seat', 'match_full']);
    const { _reservedSeats: seats } = arena as unknown as { _reservedSeats: object };
    expect(Object.keys(seats)).toHaveLength(1);
    await until(() => Object.keys(seats).length === 0, 'the seat to expire');
    await sees(friends[0]!, bobId, { ...ALONE, maxPlayers: 2 });
    await match.leave();
  });
});

test('works with arrow functions as hooks, messages, onUncaughtException and a reconnection in onLeave', async () => {
  const bobId = fresh('bob');
  await person(server, bobId, 'presence', { status: '' });
  const ann = await person(server, fresh('ann'));
  await ann.follow([bobId]);
  const match = await server.client(bobId).create('odd');
  const said = new Promise((resolve) => {
    match.onMessage('hello', resolve);
  });
  match.send('hello');
  await said;
  await until(() => matchOf(ann, bobId) !== undefined, 'the match');
  expect(matchOf(ann, bobId)).toEqual({ verified: true, name: 'odd', players: 1, joinable: true });
  const { connectionId } = stayOf(ann, bobId)!;
  Object.assign(match.reconnection, { minUptime: 0, minDelay: 1, delay: 1 });
  const back = new Promise<void>((resolve) => {
    match.onReconnect(resolve);
  });
  match.connection.close();
  await back;
  await ann.settle();
  expect(stayOf(ann, bobId)?.connectionId).toBe(connectionId);
  // A join that the room refuses is never seen.
  const catId = fresh('cat');
  await person(server, catId, 'presence', { status: '' });
  await ann.follow([catId]);
  await server
    .client(catId)
    .joinById(match.roomId, { refused: true })
    .then(
      (joined) => joined.leave(),
      () => {},
    );
  await ann.settle();
  expect(matchOf(ann, catId)).toBeUndefined();
  await match.leave();
  await until(() => matchOf(ann, bobId) === undefined, 'the end');
});

test('a match that fills tells friends at a bounded pace', async () => {
  const ids = Array.from({ length: 12 }, () => fresh('player'));
  await Promise.all(ids.map(async (id) => person(server, id, 'presence', { status: '' })));
  const ann = await person(server, fresh('ann'));
  await ann.follow(ids);
  const [first, ...others] = ids;
  const match = await enter(first!, 'slow');
  await until(() => matchOf(ann, first!) !== undefined, 'the first');
  expect(matchOf(ann, first!)).toMatchObject({ players: 1 });
  ann.clear();
  const all = [match];
  const started = performance.now();
  for (const id of others) {
    all.push(await enter(id, 'slow', match.roomId));
  }
  await until(() => ids.every((id) => (matchOf(ann, id) as { players?: number } | undefined)?.players === 12), 'all');
  const updates = Math.ceil((performance.now() - started) / 400) + 1;
  const told = ann.deltas.flatMap(({ joins }) => joins).filter((one) => one.match !== undefined).length;
  // Each player once when it comes, and all of them once per update.
  expect(told).toBeLessThanOrEqual(12 + 12 * updates);
  await Promise.all(all.map((one) => one.leave()));
});

test('1,000 players come and go: no seat, user, stay or listener is left over', async () => {
  const { tracker } = currentRuntime('presence')!;
  const keeper = await enter(fresh('keeper'), 'slow');
  const arena = serverRoom(keeper);
  const { _reservedSeats: seats, _events: events } = arena as unknown as {
    _reservedSeats: object;
    _events: EventEmitter;
  };
  const listeners = (): number => events.eventNames().reduce((sum, name) => sum + events.listenerCount(name), 0);
  const before = { users: tracker.users.byId.size, connections: tracker.connections.size, listeners: listeners() };
  for (let round = 0; round < 50; round++) {
    const visitors = await Promise.all(
      Array.from({ length: 20 }, async () => enter(fresh('visitor'), 'slow', keeper.roomId)),
    );
    await Promise.all(visitors.map((one) => one.leave()));
  }
  await until(() => arena.clients.length === 1, 'all to be gone');
  const after = (): object => ({
    users: tracker.users.byId.size,
    connections: tracker.connections.size,
    listeners: listeners(),
  });
  await until(() => JSON.stringify(after()) === JSON.stringify(before), `${JSON.stringify(before)} again`);
  expect(Object.keys(seats)).toEqual([]);
  await keeper.leave();
}, 60_000);

test('players without an identity count, and are not shown', async () => {
  const bobId = fresh('bob');
  await person(server, bobId, 'presence', { status: '' });
  const ann = await person(server, fresh('ann'));
  await ann.follow([bobId]);
  const match = await enter(bobId);
  const anonymous = await server.client().joinById(match.roomId);
  anonymous.onMessage('*', () => {});
  await sees(ann, bobId, { ...ALONE, players: 2 });
  await anonymous.leave();
  await sees(ann, bobId, ALONE);
  await match.leave();
});

test.each<[MatchOptions, string]>([
  [{ policy: 'friends' as JoinPolicy }, 'The join policy must be'],
  [{ updateMs: -1 }, 'must be a number of at least 0'],
  [{ metadata: {} as () => unknown }, 'must be a function'],
  [{ polcy: 'nobody' } as MatchOptions, 'is not an option of MatchPlugin'],
])('options that make no sense are refused with a sentence: %j', (options, sentence) => {
  expect(() => new MatchPlugin(options)).toThrow(sentence);
});
