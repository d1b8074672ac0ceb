/** Every row of the wire table, in both forms. What the rows mean is in test/rules. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presence, PROTOCOL_VERSION, REQUEST_TYPES } from '../../src/index.ts';
import { FORMS, fresh, person, ROOMS, settle, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const UNKNOWN = [
  'presence:',
  'presence:gossip',
  'presence:Status',
  'presence:delta',
  'presence:reply',
  'presence:__proto__',
  `presence:${'x'.repeat(100)}`,
];

describe.each(ROOMS)('the wire, in a %s room', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ rateLimit: 1000, maxFollows: 3, evict: 'oldest' });
  });
  afterAll(async () => {
    await server.stop();
  });

  describe.each(FORMS)('client to server, by %s', (form) => {
    test('presence:status → {}', async () => {
      const ann = await person(server, fresh('ann'), room);
      expect(await ann.ask('presence:status', { status: 'x' }, form)).toEqual({});
      expect(await ann.ask('presence:status', { status: null }, form)).toEqual({});
    });

    test('presence:follow → { presences, users }, and evicted when the limit dropped some', async () => {
      const [ann, bob] = [
        await person(server, fresh('ann'), room),
        await person(server, 'bob|Bob', room, { status: '{"matchId":"m"}' }),
      ];
      expect(await ann.ask('presence:follow', { userIds: ['bob', 'u1', 'u2'] }, form)).toEqual({
        presences: [
          {
            userId: 'bob',
            connectionId: await bob.connectionId(),
            status: '{"matchId":"m"}',
            matchId: 'm',
            match: { verified: false },
            username: 'Bob',
          },
        ],
        users: [
          { userId: 'u1', general: 'unlogined' },
          { userId: 'u2', general: 'unlogined' },
        ],
      });
      expect(await ann.ask('presence:follow', { userIds: ['u3', 'u1'] }, form)).toEqual({
        presences: [],
        users: [
          { userId: 'u3', general: 'unlogined' },
          { userId: 'u1', general: 'unlogined' },
        ],
        evicted: ['bob'],
      });
      await bob.leave();
    });

    test('presence:unfollow → {}', async () => {
      const ann = await person(server, fresh('ann'), room);
      expect(await ann.ask('presence:unfollow', {}, form)).toEqual({});
      expect(await ann.ask('presence:unfollow', { userIds: ['x'] }, form)).toEqual({});
    });

    test('presence:query → { users }', async () => {
      const bobId = fresh('bob');
      const [ann, bob] = [
        await person(server, fresh('ann'), room),
        await person(server, bobId, room, { status: 'one' }),
      ];
      const phone = await person(server, bobId, room, { status: 'two' });
      const [a, b] = [
        { userId: bobId, connectionId: await bob.connectionId(), status: 'one' },
        { userId: bobId, connectionId: await phone.connectionId(), status: 'two' },
      ];
      expect(await ann.ask('presence:query', { userIds: [bobId, 'nobody', bobId] }, form)).toEqual({
        users: [
          { userId: bobId, general: 'online', customStatus: 'two', presences: [a, b] },
          { userId: 'nobody', general: 'unlogined', customStatus: '', presences: [] },
        ],
      });
      await bob.setStatus('three');
      expect((await ann.ask('presence:query', { userIds: [bobId] }, form)).users[0]).toEqual({
        userId: bobId,
        general: 'online',
        customStatus: 'three',
        presences: [b, { ...a, status: 'three' }],
      });
      expect(await ann.ask('presence:query', { userIds: [] }, form)).toEqual({ users: [] });
    });

    test('presence:join → an error with a code here; the seat is in test/rules/jump-in', async () => {
      const ann = await person(server, fresh('ann'), room);
      expect((await ann.refusal('presence:join', { userId: 'nobody' }, form)).code).toBe('not_visible');
    });

    test('an empty object may come as an empty list, and an empty list as an empty object (Lua)', async () => {
      const ann = await person(server, fresh('ann'), room);
      await ann.follow(['u1'], form);
      expect(await ann.ask('presence:follow', { userIds: {} as string[] }, form)).toEqual({ presences: [], users: [] });
      await ann.ask('presence:unfollow', { userIds: {} as string[] }, form);
      expect(await ann.ask('presence:query', { userIds: {} as string[] }, form)).toEqual({ users: [] });
      await settle(ann);
      expect(Object.keys(ann.state.users)).toEqual(['u1']);
      if (form === 'request') {
        await ann.ask('presence:unfollow', [] as never, form);
      } else {
        ann.rawSend('presence:unfollow', []);
      }
      await settle(ann);
      expect(ann.state.users).toEqual({});
    });
  });

  describe('the send form', () => {
    test.each([7, 0, -1.5, 'abc', '', 'x'.repeat(128)])('the reply carries the cid %j as it was', async (cid) => {
      const ann = await person(server, fresh('ann'), room);
      ann.rawSend('presence:status', { status: 'x', cid });
      ann.rawSend('presence:status', { status: 7, cid });
      const [good, bad] = await until(
        () => (ann.replies.length === 2 ? (ann.replies as [unknown, unknown]) : undefined),
        'both replies',
      );
      expect(good).toEqual({ cid, ok: true });
      expect(bad).toEqual({ cid, ok: false, error: { code: 'invalid_payload', message: expect.any(String) } });
    });

    test('every reply carries the cid of its request, in any order', async () => {
      const ann = await person(server, fresh('ann'), room);
      const cids = Array.from({ length: 20 }, (_, i) =>
        ann.sendForm(i % 2 === 0 ? 'presence:follow' : 'presence:query', { userIds: [`u${i % 3}`] }),
      );
      const replies = await Promise.all(cids.map(async (cid) => ann.reply(cid)));
      replies.forEach((reply, i) => {
        expect(reply).toHaveProperty(i % 2 === 0 ? 'presences' : 'users');
      });
      expect(new Set(ann.replies.map(({ cid }) => cid)).size).toBe(20);
    });

    test('without a cid, or with one that cannot be, a message is carried out, and only its failure is told, with cid null', async () => {
      const ann = await person(server, fresh('ann'), room);
      ann.rawSend('presence:status', { status: 'silently' });
      for (const cid of [null, {}, [], true, 'x'.repeat(129)]) {
        ann.rawSend('presence:status', { status: 'silently', cid });
      }
      await until(() => ann.statusesOf(ann.welcomes[0]?.userId ?? '')[0] === 'silently', 'the status');
      await settle(ann);
      expect(ann.replies).toEqual([]);
      ann.rawSend('presence:status', { status: 7 });
      ann.rawSend('presence:status', { status: 7, cid: {} });
      await settle(ann);
      expect(ann.replies).toEqual(
        [1, 2].map(() => ({ cid: null, ok: false, error: { code: 'invalid_payload', message: expect.any(String) } })),
      );
    });

    test('a request takes no cid: it is an unknown field there', async () => {
      const ann = await person(server, fresh('ann'), room);
      expect((await ann.refusal('presence:status', { status: 'x', cid: 1 }, 'request')).code).toBe('invalid_payload');
    });
  });

  describe('unknown message types', () => {
    test.each(UNKNOWN)('%s: unknown_message, and the connection lives', async (type) => {
      const ann = await person(server, fresh('ann'), room);
      ann.rawSend(type, { cid: 'q' });
      ann.rawSend(type, 'not an object');
      ann.rawSend(type);
      await settle(ann);
      expect(ann.replies.map((reply) => [reply.cid, reply.ok ? '' : reply.error.code])).toEqual([
        ['q', 'unknown_message'],
        [null, 'unknown_message'],
        [null, 'unknown_message'],
      ]);
      // As a request Colyseus answers by itself.
      await expect(
        (ann.room as unknown as { request(type: string): Promise<unknown> }).request(type),
      ).rejects.toMatchObject({ name: 'no_handler' });
      expect(ann.room.connection.isOpen).toBe(true);
    });

    test.each(['chat', 'constructor', '__proto__', 'presence', ''])(
      '%j, under no prefix of ours: an error message of the room, and the connection lives',
      async (type) => {
        const ann = await person(server, fresh('ann'), room);
        const errors: unknown[] = [];
        ann.room.onError((code, message) => {
          errors.push([code, message]);
        });
        ann.rawSend(type, {});
        await settle(ann);
        expect(errors).toHaveLength(1);
        expect(ann.replies).toEqual([]);
        expect(ann.room.connection.isOpen).toBe(true);
      },
    );

    test('raw bytes under our names are unknown, and harmless', async () => {
      const ann = await person(server, fresh('ann'), room, { status: 'x' });
      for (const type of REQUEST_TYPES) {
        ann.room.sendBytes(type, new Uint8Array([1, 2, 3]));
      }
      await settle(ann);
      expect(ann.replies.map((reply) => (reply.ok ? '' : reply.error.code))).toEqual(
        REQUEST_TYPES.map(() => 'unknown_message'),
      );
    });
  });

  describe('server to client', () => {
    test('presence:welcome is the first message, and says who this connection is', async () => {
      const annId = fresh('ann');
      const ann = await person(server, `${annId}|Ann`, room, { status: 'x' });
      await settle(ann);
      const messages = ann.heard
        .filter((entry) => entry.kind === 'message')
        .map((entry) => (entry as { type: string }).type)
        .filter((type) => type !== 'rooms');
      expect(messages).toEqual(['presence:welcome', 'presence:delta']);
      expect(ann.welcomes).toEqual([
        {
          protocol: PROTOCOL_VERSION,
          userId: annId,
          username: 'Ann',
          connectionId: expect.stringMatching(/^[\w-]{16}$/),
          presences: [],
        },
      ]);
    });

    test("presence:snapshot and presence:unfollowed tell what the server did on the client's behalf", async () => {
      const [annId, bobId] = [fresh('ann'), fresh('bob')];
      const [ann, bob] = [await person(server, annId, room), await person(server, bobId, room, { status: 'x' })];
      void presence.follow({ connectionId: await ann.connectionId() }, [bobId, 'nobody']);
      await until(() => ann.snapshots.length > 0, 'the snapshot');
      expect(ann.snapshots).toEqual([
        {
          userIds: [bobId, 'nobody'],
          presences: [{ userId: bobId, connectionId: await bob.connectionId(), status: 'x' }],
          users: [{ userId: 'nobody', general: 'unlogined' }],
        },
      ]);
      void presence.unfollow({ userId: annId }, [bobId, 'never followed']);
      await until(() => ann.unfollowed.length > 0, 'presence:unfollowed');
      expect(ann.unfollowed).toEqual([{ userIds: [bobId] }]);
      await settle(ann);
      expect(Object.keys(ann.state.users)).toEqual(['nobody']);
    });
  });
});

describe('the lobby half of a presence lobby', () => {
  let server: TestServer;
  let ann: Person;
  beforeAll(async () => {
    const { Room } = await import('@colyseus/core');
    server = await startServer({}, { match: class extends Room {}, other: class extends Room {} });
    ann = await person(server, 'ann', 'lobby');
  });
  afterAll(async () => {
    await server.stop();
  });

  test('lists rooms, tells of new and ended ones, and never lists presence rooms', async () => {
    await until(() => ann.messages('rooms').length > 0, 'the list');
    expect(ann.messages('rooms')).toEqual([[]]);
    await person(server, 'bob', 'presence');
    const match = await server.client('bob').create('match');
    await until(() => ann.messages('+').length > 0, 'the match');
    const listed = ann.messages<[string, { name: string }]>('+').map(([, { name }]) => name);
    expect(new Set(listed)).toEqual(new Set(['match']));
    await match.leave();
    await until(() => ann.messages('-').length > 0, 'its end');
    expect(ann.messages('-')).toEqual([match.roomId]);
  });

  test('filters by name, by metadata, and not at all', async () => {
    const [match, other] = [await server.client('bob').create('match'), await server.client('bob').create('other')];
    const list = async (filter: unknown): Promise<string[]> => {
      const before = ann.messages('rooms').length;
      ann.rawSend('filter', filter);
      return (await until(() => ann.messages<Array<{ name: string }>>('rooms')[before], 'the list'))
        .map(({ name }) => name)
        .sort();
    };
    await until(async () => (await list({})).length === 2, 'both rooms');
    expect(await list({ name: 'match' })).toEqual(['match']);
    expect(await list({ metadata: { map: 'desert' } })).toEqual([]);
    expect(await list(null)).toEqual(['match', 'other']);
    expect(await list('nonsense')).toEqual(['match', 'other']);
    await Promise.all([match.leave(), other.leave()]);
  });
});
