/** `redact`: what each viewer sees of a presence, in every output alike. Here: online to everyone, the match id only to friends. */
import { Room } from '@colyseus/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { presence, type JoinReply, type Presence, type PresenceOptions } from '../../src/index.ts';
import { drop, comeBack } from '../support/drop.ts';
import { person, settle, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { captureLog } from './support/hooks.ts';

type Redact = NonNullable<PresenceOptions['redact']>;

let server: TestServer;
const friends = new Set<string>();
beforeEach(() => {
  friends.clear();
});
afterEach(async () => {
  await server.stop();
  vi.restoreAllMocks();
});

class Match extends Room {}

async function serve(redact: Redact): Promise<void> {
  server = await startServer({ redact, graceSeconds: 5 }, { match: Match });
}

const matchToFriendsOnly: Redact = (viewer, seen) =>
  friends.has(`${viewer.userId}>${seen.userId}`)
    ? seen
    : { userId: seen.userId, connectionId: seen.connectionId, status: '' };

async function openMatch(): Promise<string> {
  return (await server.client('host').create('match')).roomId;
}

const inMatch = (matchId: string, text = 'playing'): string => JSON.stringify({ text, matchId });

/** Returns the room the seat is in. */
async function takeSeat(seat: JoinReply): Promise<string> {
  const room = await server.client('ann').consumeSeatReservation(seat);
  await room.leave();
  return room.roomId;
}

/** Everything of bob that ann is shown, by every way there is. */
async function everyOutput(ann: Person, bob: Person, matchId: string) {
  const followed = await ann.follow(['bob']);
  const {
    users: [queried],
  } = await ann.ask('presence:query', { userIds: ['bob'] });
  await ann.settle();
  const state = structuredClone(ann.state.users['bob']!);
  ann.clear();
  await bob.setStatus(inMatch(matchId, 'still playing'));
  await ann.settle();
  const deltas = [...ann.deltas];
  await drop(ann);
  ann.clear();
  await comeBack(ann);
  const snapshot = await until(() => ann.snapshots.find(({ complete }) => complete), 'the snapshot');
  const join = await ann
    .ask('presence:join', { userId: 'bob' })
    .then(takeSeat, (error: { code: string }) => error.code);
  expect(ann.mirror.problems).toEqual([]);
  return {
    followed,
    queried,
    state,
    deltas,
    snapshot,
    join,
    everything: JSON.stringify([followed, queried, state, deltas, snapshot, ann.state]),
  };
}

describe('redact', () => {
  test('hides the match id and the text from strangers in the follow, the query, the state, deltas, snapshots and joins', async () => {
    await serve(matchToFriendsOnly);
    const matchId = await openMatch();
    const bob = await person(server, 'bob|Bob', 'presence', { status: inMatch(matchId) });
    const ann = await person(server, 'ann');
    ann.reconnectFast();
    const { followed, queried, state, deltas, snapshot, join, everything } = await everyOutput(ann, bob, matchId);
    const connectionId = await bob.connectionId();
    const seen: Presence = { userId: 'bob', connectionId, status: '' };
    expect(followed).toEqual({ presences: [seen], users: [] });
    expect(queried).toEqual({ userId: 'bob', general: 'online', customStatus: '', presences: [seen] });
    expect(state).toEqual({
      userId: 'bob',
      username: '',
      general: 'online',
      connections: { [connectionId]: { connectionId, status: '', matchId: '', match: '' } },
    });
    expect(deltas).toEqual([]);
    expect(snapshot.presences).toEqual([seen]);
    expect(join).toBe('no_match');
    expect(everything).not.toContain(matchId);
    expect(everything).not.toContain('playing');
    expect(everything).not.toContain('Bob');
  });

  test('shows a friend all of it, in the same outputs', async () => {
    await serve(matchToFriendsOnly);
    friends.add('ann>bob');
    const matchId = await openMatch();
    const bob = await person(server, 'bob|Bob', 'presence', { status: inMatch(matchId) });
    const ann = await person(server, 'ann');
    ann.reconnectFast();
    const { followed, queried, state, deltas, snapshot, join } = await everyOutput(ann, bob, matchId);
    expect(followed.presences).toMatchObject([{ matchId, username: 'Bob' }]);
    expect(queried).toMatchObject({ general: 'online', customStatus: inMatch(matchId), presences: [{ matchId }] });
    expect(state).toMatchObject({ username: 'Bob' });
    expect(Object.values(state.connections)).toMatchObject([{ matchId, status: inMatch(matchId) }]);
    expect(deltas).toMatchObject([
      { leaves: [{ status: inMatch(matchId) }], joins: [{ status: inMatch(matchId, 'still playing') }] },
    ]);
    expect(snapshot.presences).toMatchObject([{ matchId }]);
    expect(join).toBe(matchId);
  });

  test("does not apply to one's own devices", async () => {
    await serve(() => null);
    const pc = await person(server, 'ann|Ann', 'presence', { status: 'pc' });
    const phone = await person(server, 'ann|Ann', 'presence', { status: 'phone' });
    await settle(pc, phone);
    expect(phone.statusesOf('ann')).toEqual(['pc', 'phone']);
    expect(pc.state.me).toMatchObject({ username: 'Ann', general: 'online' });
    expect((await pc.ask('presence:query', { userIds: ['ann'] })).users).toMatchObject([{ customStatus: 'phone' }]);
  });

  test('a new friendship, told by presence.refresh, arrives as an ordinary delta; its end, too', async () => {
    await serve(matchToFriendsOnly);
    const bob = await person(server, 'bob', 'presence', { status: inMatch('m1') });
    const ann = await person(server, 'ann');
    await ann.follow(['bob']);
    const connectionId = await ann.connectionId();
    await ann.settle();
    ann.clear();
    friends.add('ann>bob');
    void presence.refresh({ userId: 'ann' });
    await until(() => ann.deltas.length === 1, 'the delta');
    expect(ann.deltas[0]).toMatchObject({ leaves: [{ status: '' }], joins: [{ matchId: 'm1' }] });
    expect(ann.deltas[0]).not.toHaveProperty('users');
    friends.delete('ann>bob');
    void presence.refresh({ connectionId });
    await until(() => ann.deltas.length === 2, 'the second delta');
    expect(ann.deltas[1]).toMatchObject({ leaves: [{ matchId: 'm1' }], joins: [{ status: '' }] });
    void presence.refresh({ userId: 'ann' });
    await settle(ann, bob);
    expect(ann.deltas).toHaveLength(2);
    expect(Object.values(ann.state.users['bob']!.connections)).toMatchObject([{ status: '', matchId: '', match: '' }]);
  });

  test('null hides the user: it comes and goes like somebody who is offline', async () => {
    await serve((_, seen) => (seen.status === 'secret' ? null : seen));
    const bob = await person(server, 'bob|Bob', 'presence', { status: 'secret' });
    const ann = await person(server, 'ann');
    expect(await ann.follow(['bob'])).toEqual({ presences: [], users: [{ userId: 'bob', general: 'offline' }] });
    expect((await ann.ask('presence:query', { userIds: ['bob'] })).users).toEqual([
      { userId: 'bob', general: 'offline', customStatus: '', presences: [] },
    ]);
    await ann.settle();
    expect(ann.state.users['bob']).toEqual({ userId: 'bob', username: '', general: 'offline', connections: {} });
    await bob.setStatus('open');
    await until(() => ann.deltas.length === 1, 'the join');
    expect(ann.deltas[0]).toMatchObject({
      leaves: [],
      joins: [{ status: 'open' }],
      users: [{ userId: 'bob', general: 'online' }],
    });
    await ann.settle();
    expect(ann.state.users['bob']).toMatchObject({ username: 'Bob', general: 'online' });
    await bob.setStatus('secret');
    await until(() => ann.deltas.length === 2, 'the leave');
    expect(ann.deltas[1]).toMatchObject({
      leaves: [{ status: 'open' }],
      joins: [],
      users: [{ userId: 'bob', general: 'offline' }],
    });
    expect(ann.mirror.problems).toEqual([]);
  });

  test.each<[string, Redact]>([
    [
      'throws',
      () => {
        throw new Error('no such user');
      },
    ],
    ['returns nonsense', () => 'nonsense' as unknown as Presence],
    ['is asynchronous', (async (_viewer: unknown, seen: Presence) => Promise.resolve(seen)) as unknown as Redact],
  ])(
    'one that %s hides such presences from that viewer, says so once in the log, and nothing else happens',
    async (_, bad) => {
      const log = captureLog();
      await serve((viewer, seen) => (viewer.userId === 'ann' && seen.userId === 'bob' ? bad(viewer, seen) : seen));
      const bob = await person(server, 'bob', 'presence', { status: 'here' });
      const cat = await person(server, 'cat', 'presence', { status: 'here' });
      const ann = await person(server, 'ann');
      const dan = await person(server, 'dan');
      expect((await ann.follow(['bob', 'cat'])).presences).toMatchObject([{ userId: 'cat' }]);
      await dan.follow(['bob', 'cat']);
      await bob.setStatus('there');
      await cat.setStatus('there');
      await settle(ann, dan);
      expect([ann.statusesOf('bob'), ann.statusesOf('cat')]).toEqual([[], ['there']]);
      expect([dan.statusesOf('bob'), dan.statusesOf('cat')]).toEqual([['there'], ['there']]);
      expect(log.filter((line) => line.includes('redact'))).toHaveLength(1);
    },
  );

  test('cannot change what others see: the presence it is given is frozen, and so are the ids', async () => {
    const log = captureLog();
    await serve((viewer, seen) => {
      if (viewer.userId === 'ann') {
        (seen as { status: string }).status = 'vandalised';
      }
      return viewer.userId === 'cat' ? { ...seen, userId: 'somebody', connectionId: 'else' } : seen;
    });
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    const [ann, cat, dan] = (await Promise.all(['ann', 'cat', 'dan'].map((id) => person(server, id)))) as [
      Person,
      Person,
      Person,
    ];
    expect((await ann.follow(['bob'])).presences).toEqual([]);
    const real = { userId: 'bob', connectionId: await bob.connectionId(), status: 'here' };
    expect((await cat.follow(['bob'])).presences).toEqual([real]);
    expect((await dan.follow(['bob'])).presences).toEqual([real]);
    expect(log).toHaveLength(1);
  });
});
