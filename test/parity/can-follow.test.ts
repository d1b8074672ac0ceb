/** `canFollow`: asked once per call for all ids; a refusal looks like an id nobody has; a bad hook hurts its own call only. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { presence, PresenceError, type PresenceOptions, type Viewer } from '../../src/index.ts';
import { FORMS, person, settle } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { captureLog, gate, silence } from './support/hooks.ts';

let server: TestServer;
afterEach(async () => {
  await server.stop();
  vi.restoreAllMocks();
});

type CanFollow = NonNullable<PresenceOptions['canFollow']>;

async function serve(canFollow: CanFollow, options: PresenceOptions = {}): Promise<void> {
  server = await startServer({ canFollow, ...options });
}

const notBob: CanFollow = (_, ids) => ids.map((id) => id !== 'bob');

describe('canFollow', () => {
  test('is asked once per call, with the viewer and all other ids, without doubles', async () => {
    const asked: Array<[Viewer, readonly string[]]> = [];
    await serve(async (viewer, ids) => {
      asked.push([viewer, ids]);
      return Promise.resolve(ids.map(() => true));
    });
    const ann = await person(server, 'ann|Ann');
    await ann.follow(['bob', 'ann', 'cat', 'bob']);
    await ann.ask('presence:query', { userIds: ['dan', 'ann', 'dan', 'eve'] });
    await ann.ask('presence:query', { userIds: ['ann'] });
    await ann.unfollow(['bob']);
    expect(asked.map(([, ids]) => ids)).toEqual([
      ['bob', 'cat'],
      ['dan', 'eve'],
    ]);
    expect(asked[0]?.[0]).toMatchObject({
      userId: 'ann',
      username: 'Ann',
      connectionId: await ann.connectionId(),
      auth: { userId: 'ann' },
    });
  });

  test.each<[string, CanFollow]>([
    ['synchronous', notBob],
    ['asynchronous', async (viewer, ids) => Promise.resolve(notBob(viewer, ids))],
    ['with a list of the allowed ids', (_, ids) => ids.filter((id) => id !== 'bob')],
    ['with a set of the allowed ids', () => new Set(['cat', 'nobody', 'not asked'])],
  ])('refuses, %s: the reply, the state and everything later are those of an id nobody has', async (_, canFollow) => {
    await serve(canFollow);
    const bob = await person(server, 'bob|Bob', 'presence', { status: 'here' });
    const cat = await person(server, 'cat', 'presence', { status: 'here' });
    const ann = await person(server, 'ann');
    const { presences, users } = await ann.follow(['bob', 'cat', 'nobody']);
    expect(presences.map(({ userId }) => userId)).toEqual(['cat']);
    expect(users).toEqual([
      { userId: 'bob', general: 'unlogined' },
      { userId: 'nobody', general: 'unlogined' },
    ]);
    await ann.settle();
    const { bob: refused, nobody } = ann.state.users;
    expect({ ...refused, userId: 'nobody' }).toEqual(nobody);
    ann.clear();
    await bob.setStatus(JSON.stringify({ matchId: ann.room.roomId }));
    const secondDevice = await person(server, 'bob|Robert', 'presence', { status: 'second device' });
    await secondDevice.leave();
    await bob.leave();
    await cat.setStatus('there');
    await settle(ann);
    expect(ann.deltas).toHaveLength(1);
    expect(ann.deltas[0]).toMatchObject({ joins: [{ userId: 'cat' }] });
    expect(ann.heard.filter(({ kind }) => kind === 'patch')).toHaveLength(1);
    expect(ann.mirror.problems).toEqual([]);
  });

  test('refuses: queries leave the user out, and jumps answer as for an offline one', async () => {
    await serve(notBob);
    const ann = await person(server, 'ann');
    await person(server, 'bob', 'presence', { status: JSON.stringify({ matchId: ann.room.roomId }) });
    await ann.follow(['bob', 'offline']);
    expect(
      (await ann.ask('presence:query', { userIds: ['bob', 'offline'] })).users.map(({ userId }) => userId),
    ).toEqual(['offline']);
    const forBob = await ann.refusal('presence:join', { userId: 'bob' }, 'request');
    expect(forBob).toMatchObject({ code: 'not_visible' });
    expect(forBob).toEqual(await ann.refusal('presence:join', { userId: 'offline' }, 'request'));
  });

  test('a jump asks, too: whoever is followed already but refused now has no match', async () => {
    let friends = true;
    await serve((_, ids) => ids.map(() => friends));
    const ann = await person(server, 'ann');
    await person(server, 'bob', 'presence', { status: JSON.stringify({ matchId: 'elsewhere' }) });
    await ann.follow(['bob']);
    expect(await ann.refusal('presence:join', { userId: 'bob' }, 'request')).toMatchObject({ code: 'match_gone' });
    friends = false;
    const refused = await ann.refusal('presence:join', { userId: 'bob' }, 'request');
    expect(refused).toMatchObject({ code: 'not_visible' });
    expect(refused).toEqual(await ann.refusal('presence:join', { userId: 'nobody' }, 'request'));
  });

  test.each<[string, () => [] | Set<string>]>([
    ['list', () => []],
    ['set', () => new Set()],
  ])('an empty %s allows nobody, except oneself', async (_, none) => {
    await serve(none);
    const ann = await person(server, 'ann', 'presence', { status: 'me' });
    await person(server, 'bob', 'presence', { status: 'here' });
    const { users } = await ann.ask('presence:query', { userIds: ['ann', 'bob'] });
    expect(users.map(({ userId }) => userId)).toEqual(['ann']);
  });

  test('gives another answer later: the next follow shows the user, or hides it', async () => {
    let friends = false;
    await serve((_, ids) => ids.map(() => friends));
    const bob = await person(server, 'bob|Bob', 'presence', { status: 'here' });
    const ann = await person(server, 'ann');
    expect((await ann.follow(['bob'])).presences).toEqual([]);
    friends = true;
    expect((await ann.follow(['bob'])).presences).toMatchObject([{ userId: 'bob', status: 'here', username: 'Bob' }]);
    await bob.setStatus('there');
    await ann.settle();
    expect(ann.statusesOf('bob')).toEqual(['there']);
    expect(ann.state.users['bob']).toMatchObject({ general: 'online', username: 'Bob' });
    expect(Object.values(ann.state.users['bob']!.connections).map(({ status }) => status)).toEqual(['there']);
    friends = false;
    expect((await ann.follow(['bob'])).users).toEqual([{ userId: 'bob', general: 'unlogined' }]);
    ann.clear();
    await bob.setStatus('hidden');
    await ann.settle();
    expect(ann.deltas).toEqual([]);
    expect(ann.state.users['bob']).toEqual({ userId: 'bob', username: '', general: 'unlogined', connections: {} });
  });
});

const BAD: Array<[string, CanFollow]> = [
  [
    'throws',
    () => {
      throw new Error('the database is down');
    },
  ],
  ['rejects', () => Promise.reject(new Error('the database is down'))],
  ['returns too few answers', (_, ids) => ids.slice(1).map(() => true)],
  ['returns too many answers', (_, ids) => [...ids.map(() => true), true]],
  ['returns no list', () => true as unknown as boolean[]],
  ['returns numbers, which may be ids or yes and no', (_, ids) => ids.map(() => 1)],
  ['mixes ids and booleans', (_, ids) => ids.map((id, i) => (i === 0 ? id : true)) as string[]],
  ['returns a set of booleans', () => new Set([true]) as unknown as Set<string>],
  ['never settles', () => silence()],
];

describe.each(FORMS)('a bad canFollow hurts only its own call, by %s:', (form) => {
  test.each(BAD)('one that %s', async (what, bad) => {
    const failed =
      what === 'never settles' ? 'The game server could not decide in time.' : 'The game server failed to decide.';
    const log = captureLog();
    await serve((viewer, ids) => (ids.includes('trouble') ? bad(viewer, ids) : ids.map(() => true)), {
      hookTimeoutMs: 50,
    });
    const ann = await person(server, 'ann', 'presence', { status: '' });
    const bob = await person(server, 'bob', 'presence', { status: '' });
    await ann.follow(['bob']);
    const refusals = [
      ann.refusal('presence:follow', { userIds: ['trouble', 'cat'] }, form),
      ann.refusal('presence:query', { userIds: ['trouble', 'cat'] }, form),
    ];
    // Meanwhile: others, and other calls of the same client.
    await bob.follow(['ann'], form);
    await ann.setStatus('fine', form);
    expect((await ann.ask('presence:query', { userIds: ['bob'] }, form)).users).toHaveLength(1);
    for (const refusal of await Promise.all(refusals)) {
      expect(refusal).toMatchObject({ code: 'hook_failed', message: failed });
    }
    await settle(ann, bob);
    expect(Object.keys(ann.state.users)).toEqual(['bob']);
    expect(bob.statusesOf('ann')).toEqual(['fine']);
    expect(log.filter((line) => line.includes('canFollow'))).toHaveLength(2);
  });
});

describe('while canFollow is pending', () => {
  test('an unfollow behind the follow waits for its turn, and ends it', async () => {
    const answer = gate<boolean[]>();
    await serve((_, ids) => (ids.includes('bob') ? answer.opened : ids.map(() => true)));
    const ann = await person(server, 'ann');
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    const reply = ann.follow(['bob', 'cat']);
    const ended = ann.unfollow(['bob']);
    answer.open([true, true]);
    expect(await reply).toMatchObject({
      presences: [{ userId: 'bob', status: 'here' }],
      users: [{ userId: 'cat', general: 'unlogined' }],
    });
    await ended;
    await bob.setStatus('there');
    await settle(ann);
    expect(ann.deltas).toEqual([]);
    expect(Object.keys(ann.state.users)).toEqual(['cat']);
  });

  test('a client that goes away leaves nothing behind', async () => {
    const answer = gate<boolean[]>();
    await serve((_, ids) => (ids.includes('bob') ? answer.opened : ids.map(() => true)));
    const ann = await person(server, 'ann');
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    ann.sendForm('presence:follow', { userIds: ['bob'] });
    await ann.settle();
    await ann.leave();
    answer.open([true]);
    await bob.setStatus('there');
    await bob.settle();
    expect(presence.count()).toEqual({ users: 1, connections: 1, online: 1 });
  });
});

test('a hook may answer a call with an error of its own choice', async () => {
  await serve(() => {
    throw new PresenceError('unavailable', { message: 'The friend list is being moved.' });
  });
  const ann = await person(server, 'ann');
  expect(await ann.refusal('presence:follow', { userIds: ['bob'] }, 'request')).toEqual({
    code: 'unavailable',
    message: 'The friend list is being moved.',
  });
  await until(() => ann.room.connection.isOpen, 'the connection');
});
