import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERRORS } from '../../src/index.ts';
import { expectSound, FORMS, fresh, person, ROOMS, settle, type Form, type Person } from '../support/person.ts';
import { rawJoin } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `u${i}`);
/** Three bytes each in UTF-8. */
const wide = (count: number): string => '\u20ac'.repeat(count);

const BAD: ReadonlyArray<readonly [what: string, type: string, payload: unknown, code: string]> = [
  // status
  ['no payload', 'presence:status', undefined, 'invalid_payload'],
  ['null for a payload', 'presence:status', null, 'invalid_payload'],
  ['a string for a payload', 'presence:status', 'hello', 'invalid_payload'],
  ['a number for a payload', 'presence:status', 7, 'invalid_payload'],
  ['true for a payload', 'presence:status', true, 'invalid_payload'],
  ['a list for a payload', 'presence:status', ['hello'], 'invalid_payload'],
  ['an empty object', 'presence:status', {}, 'invalid_payload'],
  ['an empty list (Lua)', 'presence:status', [], 'invalid_payload'],
  ['a status that is a number', 'presence:status', { status: 7 }, 'invalid_payload'],
  ['a status that is true', 'presence:status', { status: true }, 'invalid_payload'],
  ['a status that is an object', 'presence:status', { status: { text: 'x' } }, 'invalid_payload'],
  ['a status that is a list', 'presence:status', { status: ['x'] }, 'invalid_payload'],
  ['a status in bytes', 'presence:status', { status: new Uint8Array([120]) }, 'invalid_payload'],
  ['an unknown field', 'presence:status', { status: 'x', extra: 1 }, 'invalid_payload'],
  ['a field of another request', 'presence:status', { status: 'x', userIds: ['a'] }, 'invalid_payload'],
  ['the field toString', 'presence:status', { status: 'x', toString: 1 }, 'invalid_payload'],
  ['2,049 bytes of ASCII', 'presence:status', { status: 'x'.repeat(2049) }, 'status_too_long'],
  ['2,049 bytes in 683 characters', 'presence:status', { status: wide(683) }, 'status_too_long'],
  ['2,052 bytes in 513 emoji', 'presence:status', { status: '\u{1f600}'.repeat(513) }, 'status_too_long'],
  ['2,049 bytes in lone surrogates', 'presence:status', { status: '\ud800'.repeat(683) }, 'status_too_long'],
  // follow
  ['no payload', 'presence:follow', undefined, 'invalid_payload'],
  ['an empty object', 'presence:follow', {}, 'invalid_payload'],
  ['ids that are an empty string', 'presence:follow', { userIds: '' }, 'invalid_payload'],
  ['ids that are null', 'presence:follow', { userIds: null }, 'invalid_payload'],
  ['ids that are an object with keys', 'presence:follow', { userIds: { 0: 'bob' } }, 'invalid_payload'],
  ['one id that is a fraction', 'presence:follow', { userIds: ['zed', 7.5] }, 'invalid_payload'],
  ['one id that is null', 'presence:follow', { userIds: ['zed', null] }, 'invalid_payload'],
  ['one id that is a list', 'presence:follow', { userIds: ['zed', ['zed']] }, 'invalid_payload'],
  ['one empty id', 'presence:follow', { userIds: ['zed', ''] }, 'invalid_payload'],
  ['one id that is __proto__', 'presence:follow', { userIds: ['zed', '__proto__'] }, 'invalid_payload'],
  ['one id of 129 characters', 'presence:follow', { userIds: ['zed', 'x'.repeat(129)] }, 'invalid_payload'],
  ['101 ids', 'presence:follow', { userIds: ids(101) }, 'too_many_ids'],
  ['101 times the same id', 'presence:follow', { userIds: Array.from({ length: 101 }, () => 'zed') }, 'too_many_ids'],
  ['an unknown field', 'presence:follow', { userIds: ['zed'], force: true }, 'invalid_payload'],
  ['201 follows in all', 'presence:follow', { userIds: ids(100).map((id) => `more${id}`) }, 'too_many_follows'],
  // unfollow
  ['a string for a payload', 'presence:unfollow', 'bob', 'invalid_payload'],
  ['ids that are null', 'presence:unfollow', { userIds: null }, 'invalid_payload'],
  ['ids that are an empty string', 'presence:unfollow', { userIds: '' }, 'invalid_payload'],
  ['one id that is a fraction', 'presence:unfollow', { userIds: ['friend', 7.5] }, 'invalid_payload'],
  ['one id that is __proto__', 'presence:unfollow', { userIds: ['friend', '__proto__'] }, 'invalid_payload'],
  ['101 ids', 'presence:unfollow', { userIds: ids(101) }, 'too_many_ids'],
  ['a misspelt field', 'presence:unfollow', { userids: ['friend'] }, 'invalid_payload'],
  // query
  ['no payload', 'presence:query', undefined, 'invalid_payload'],
  ['ids that are a fraction', 'presence:query', { userIds: 7.5 }, 'invalid_payload'],
  ['only bad ids', 'presence:query', { userIds: ['', null, 7.5, '__proto__'] }, 'invalid_payload'],
  ['501 ids', 'presence:query', { userIds: ids(501) }, 'too_many_ids'],
  // join
  ['no payload', 'presence:join', undefined, 'invalid_payload'],
  ['a user that is a fraction', 'presence:join', { userId: 7.5 }, 'invalid_payload'],
  ['a user that is __proto__', 'presence:join', { userId: '__proto__' }, 'invalid_payload'],
  ['a connection that is a number', 'presence:join', { userId: 'friend', connectionId: 7 }, 'invalid_payload'],
  ['a user nobody has heard of', 'presence:join', { userId: 'nobody' }, 'not_visible'],
  ['a connection nobody has heard of', 'presence:join', { userId: 'friend', connectionId: 'nope' }, 'not_visible'],
  ['a friend who is in no match', 'presence:join', { userId: 'friend' }, 'no_match'],
];

describe.each(ROOMS)('rule 16, in a %s room', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ rateLimit: 100_000, rateWindowMs: 1 });
  });
  afterAll(async () => {
    await server.stop();
  });

  describe.each(FORMS)('by %s', (form: Form) => {
    let friend: Person;
    let viewer: Person;
    let fan: Person;
    beforeAll(async () => {
      friend = await person(server, 'friend', room, { status: 'before' });
      viewer = await person(server, `ann-${form}`, room, { status: 'mine' });
      fan = await person(server, fresh('fan'), room);
      await viewer.follow(['friend', ...ids(100).slice(1)]);
      await viewer.follow([`ann2`, ...ids(100).slice(1)]);
      await fan.follow([`ann-${form}`]);
      await settle(viewer, fan);
    });
    afterAll(async () => {
      await Promise.all([friend, viewer, fan].map(async (one) => one.leave()));
    });

    test.each(BAD)('%s (%s): a typed error, and nothing else happens', async (_, type, payload, code) => {
      const follows = Object.keys(viewer.state.users).sort();
      viewer.clear();
      fan.clear();
      const error = await viewer.refusal(type, payload, form);
      expect(error.code).toBe(code);
      expect(typeof error.message).toBe('string');
      expect(error.message.length).toBeGreaterThan(10);
      expect(Object.keys(error).sort()).toEqual(['code', 'message']);
      await settle(viewer, fan);
      // Alive, nobody was told anything, and no list was half applied.
      expect(viewer.room.connection.isOpen).toBe(true);
      expect(viewer.heard.map(({ kind }) => kind)).toEqual([form === 'request' ? 'response' : 'message', 'response']);
      expect(fan.heard).toHaveLength(1);
      expect(Object.keys(viewer.state.users).sort()).toEqual(follows);
      expect(follows).toHaveLength(101);
      expect(viewer.statusesOf(`ann-${form}`)).toEqual(['mine']);
    });

    test('after all of that the connection and its follows still work', async () => {
      await friend.setStatus(`after ${form}`, form);
      await until(() => viewer.statusesOf('friend')[0] === `after ${form}`, 'the friend');
      await viewer.setStatus('still here', form);
      await until(() => fan.statusesOf(`ann-${form}`)[0] === 'still here', 'the fan');
      expectSound(viewer, fan, friend);
    });

    test.each([
      ['2,048 bytes of ASCII', 'x'.repeat(2048)],
      ['2,048 bytes with characters of three', `${wide(682)}xx`],
      ['2,048 bytes in 512 emoji', '\u{1f600}'.repeat(512)],
      ['a status of control characters and quotes', '\u0000"\\\u202e\n'],
    ])('%s is accepted, and arrives as it is', async (_, status) => {
      await viewer.setStatus(status, form);
      await until(() => fan.statusesOf(`ann-${form}`)[0] === status, 'the status at the follower');
      await settle(fan);
      const connections = fan.state.users[`ann-${form}`]?.connections ?? {};
      expect(Object.values(connections).map((connection) => connection.status)).toEqual([status]);
    });

    test('lone surrogates, which no encoding carries, arrive as replacement characters, the same by every channel', async () => {
      await viewer.setStatus('a\ud800b\udc00', form);
      await until(() => fan.statusesOf(`ann-${form}`)[0]?.startsWith('a\ufffd'), 'the status');
      await settle(fan);
      const [status] = fan.statusesOf(`ann-${form}`);
      expect(status?.isWellFormed()).toBe(true);
      expect(
        Object.values(fan.state.users[`ann-${form}`]?.connections ?? {}).map((connection) => connection.status),
      ).toEqual([status]);
      expect((await fan.ask('presence:query', { userIds: [`ann-${form}`] }, form)).users[0]?.customStatus).toBe(status);
      const reader = await person(server, fresh('reader'), room);
      const { users } = await reader.follow(['x\ud800'], form);
      expect(users[0]?.userId.isWellFormed()).toBe(true);
      await settle(reader);
      expect(Object.keys(reader.state.users)).toEqual([users[0]?.userId]);
    });

    test('ids with names of prototypes, emoji, blanks and separators are ordinary ids', async () => {
      const odd = [
        'constructor',
        'toString',
        'hasOwnProperty',
        'prototype',
        '\u{1f600}',
        ' ',
        'a:b|c',
        'x'.repeat(128),
      ];
      const reader = await person(server, fresh('reader'), room);
      expect((await reader.follow(odd, form)).users.map(({ userId }) => userId)).toEqual(odd);
      expect((await reader.ask('presence:query', { userIds: odd }, form)).users.map(({ userId }) => userId)).toEqual(
        odd,
      );
      await settle(reader);
      expect(Object.keys(reader.state.users).sort()).toEqual([...odd].sort());
      const someone = await person(server, 'constructor', room, { status: 'built' });
      await until(() => reader.statusesOf('constructor')[0] === 'built', 'the constructor');
      await someone.leave();
      await reader.unfollow(undefined, form);
      await settle(reader);
      expect(reader.state.users).toEqual({});
    });

    test('a query with some bad ids answers the good ones', async () => {
      const reply = await viewer.ask(
        'presence:query',
        { userIds: ['', 'friend', 7.5, null, 'nobody', '__proto__'] as string[] },
        form,
      );
      expect(reply.users.map(({ userId }) => userId)).toEqual(['friend', 'nobody']);
    });
  });

  test('every error code of the table has a number of its own and says whether to try again', () => {
    const numbers = Object.values(ERRORS).map(({ code }) => code);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

describe.each(ROOMS)('rule 16, limits, in a %s room', (room) => {
  test.each(FORMS)(
    'past 20 calls in 5 s by %s the answer is rate_limited with a time; own status and own query are not limited',
    async (form) => {
      const server = await startServer({ rateLimit: 20, rateWindowMs: 5000 });
      try {
        const ann = await person(server, 'ann', room);
        for (let i = 0; i < 20; i++) {
          await ann.follow([`u${i}`], form);
        }
        for (const [type, payload] of [
          ['presence:follow', { userIds: ['late'] }],
          ['presence:unfollow', {}],
          ['presence:query', { userIds: ['late'] }],
          ['presence:join', { userId: 'u1' }],
        ] as const) {
          const error = await ann.refusal(type, payload, form);
          expect(error.code).toBe('rate_limited');
          expect(error.retryAfterMs).toBeGreaterThan(0);
          expect(error.retryAfterMs).toBeLessThanOrEqual(5000);
        }
        for (let i = 0; i < 30; i++) {
          await ann.setStatus(`${i}`, form);
          await ann.ask('presence:query', { userIds: ['ann'] }, form);
        }
        await settle(ann);
        expect(Object.keys(ann.state.users)).toHaveLength(20);
      } finally {
        await server.stop();
      }
    },
  );

  test('after retryAfterMs the call is accepted', async () => {
    const server = await startServer({ rateLimit: 2, rateWindowMs: 150 });
    try {
      const ann = await person(server, 'ann', room);
      await ann.follow(['a']);
      await ann.follow(['b']);
      const { retryAfterMs } = await ann.refusal('presence:follow', { userIds: ['c'] }, 'request');
      const until150 = performance.now() + (retryAfterMs ?? 0) + 1;
      await until(() => performance.now() > until150, 'the time to be over');
      expect((await ann.follow(['c'])).users).toHaveLength(1);
    } finally {
      await server.stop();
    }
  });

  test('a flood past the hard limit closes the flooder, and nobody else', async () => {
    const server = await startServer({ floodLimit: 50 });
    try {
      const honest = await person(server, 'honest', room, { status: 'here' });
      const fan = await person(server, 'fan', room);
      await fan.follow(['honest', 'flooder']);
      const flooder = await rawJoin(server, 'flooder', room, { status: 'in' });
      await until(() => fan.sees('flooder').length === 1, 'the flooder');
      flooder.burst(Array.from({ length: 100 }, (_, i) => ['presence:status', { status: `${i}` }] as const));
      expect(await flooder.closed()).toBe(4002);
      await honest.setStatus('unharmed');
      await until(() => fan.statusesOf('honest')[0] === 'unharmed', 'the honest one');
      expect(honest.room.connection.isOpen).toBe(true);
      expectSound(fan);
    } finally {
      await server.stop();
    }
  });

  test('a feature that is off answers feature_disabled, and the rest works', async () => {
    const server = await startServer({ features: { query: false, join: false } });
    try {
      const [ann, bob] = [await person(server, 'ann', room), await person(server, 'bob', room, { status: 'x' })];
      for (const form of FORMS) {
        expect((await ann.refusal('presence:query', { userIds: ['bob'] }, form)).code).toBe('feature_disabled');
        expect((await ann.refusal('presence:join', { userId: 'bob' }, form)).code).toBe('feature_disabled');
        expect((await ann.ask('presence:query', { userIds: ['ann'] }, form)).users).toHaveLength(1);
        expect((await ann.follow(['bob'], form)).presences).toHaveLength(1);
      }
      await bob.leave();
      await until(() => ann.sees('bob').length === 0, 'the leave');
    } finally {
      await server.stop();
    }
  });
});
