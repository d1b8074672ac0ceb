/** `presence.block`: from that moment the blocked viewer sees somebody who has gone offline, in every output, and nothing that happens later. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { presence, PresenceError, PresencePlugin, type BlockEvent, type PresenceOptions } from '../../src/index.ts';
import { comeBack, drop } from '../support/drop.ts';
import { person, settle } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';
import { captureLog, gate, silence } from './support/hooks.ts';
import { definePlugins, Room } from '@colyseus/core';

let server: TestServer;
beforeEach(async () => {
  server = await startServer({ graceSeconds: 0, rateLimit: 100 });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.stop();
});

const messagesAndPatches = (frames: readonly Uint8Array[]): string[] =>
  frames.map((bytes) => Buffer.from(bytes).toString('latin1'));

describe('a block', () => {
  test('looks, byte for byte, as if the user had gone offline: delta and state', async () => {
    const bob = await person(server, 'bob|Bob', 'presence', { status: 'here' });
    const ann = await person(server, 'ann');
    const dan = await person(server, 'dan');
    await ann.follow(['bob']);
    await dan.follow(['bob']);
    await settle(ann, dan);
    [ann, dan].forEach((one) => {
      one.clear();
    });
    void presence.block('bob', 'ann');
    await until(() => ann.deltas.length === 1 && ann.frames.length === 2, 'the block');
    expect(dan.frames).toEqual([]);
    await drop(bob, true);
    await until(() => dan.deltas.length === 1 && dan.frames.length === 2, 'the real drop');
    expect(messagesAndPatches(ann.frames)).toEqual(messagesAndPatches(dan.frames));
    expect(ann.deltas[0]).toMatchObject({
      joins: [],
      leaves: [{ userId: 'bob', status: 'here' }],
      users: [{ userId: 'bob', general: 'offline' }],
    });
    await settle(ann, dan);
    expect(ann.state.users['bob']).toEqual(dan.state.users['bob']);
    // Nor does the real end of it show.
    expect(ann.deltas).toHaveLength(1);
    const answers = await Promise.all(
      [ann, dan].map(async (one) => [
        await one.follow(['bob']),
        await one.ask('presence:query', { userIds: ['bob'] }),
        await one.refusal('presence:join', { userId: 'bob' }, 'request'),
      ]),
    );
    expect(answers[0]).toEqual(answers[1]);
  });

  test('holds whatever the user does and the viewer asks: updates, devices, names, follows, queries, jumps, reconnections', async () => {
    const bob = await person(server, 'bob|Bob', 'presence', { status: 'here' });
    const ann = await person(server, 'ann');
    await ann.follow(['bob']);
    void presence.block('bob', 'ann');
    await until(() => ann.deltas.length === 1, 'the block');
    await ann.settle();
    const before = structuredClone(ann.state.users['bob']);
    ann.clear();
    await bob.setStatus(JSON.stringify({ matchId: bob.room.roomId }));
    const second = await person(server, 'bob|Robert', 'presence', { status: 'second device' });
    await settle(bob, second, ann);
    expect(ann.heard.filter(({ kind }) => kind !== 'response')).toEqual([]);
    expect((await ann.ask('presence:query', { userIds: ['bob'] })).users).toEqual([
      { userId: 'bob', general: 'offline', customStatus: '', presences: [] },
    ]);
    expect(await ann.refusal('presence:join', { userId: 'bob' }, 'request')).toMatchObject({ code: 'not_visible' });
    expect(await ann.follow(['bob'])).toEqual({ presences: [], users: [{ userId: 'bob', general: 'offline' }] });
    await ann.unfollow(['bob']);
    expect(await ann.follow(['bob'])).toEqual({ presences: [], users: [{ userId: 'bob', general: 'offline' }] });
    void presence.refresh({ userId: 'ann' });
    await second.leave();
    await bob.leave();
    await ann.settle();
    expect(ann.deltas).toEqual([]);
    expect((await ann.ask('presence:query', { userIds: ['bob'] })).users).toMatchObject([{ general: 'offline' }]);
    expect({ ...ann.state.users['bob'], username: before?.username }).toEqual(before);
  });

  test('holds for every device the viewer has, over a reconnection, and for nobody else', async () => {
    await server.stop();
    server = await startServer({ graceSeconds: 10 });
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    const pc = await person(server, 'ann');
    const phone = await person(server, 'ann', 'lobby');
    const dan = await person(server, 'dan');
    pc.reconnectFast();
    for (const one of [pc, phone, dan]) {
      await one.follow(['bob']);
    }
    void presence.block('bob', 'ann');
    await until(() => pc.deltas.length === 1 && phone.deltas.length === 1, 'the block');
    await drop(pc);
    pc.clear();
    await comeBack(pc);
    expect(await until(() => pc.snapshots[0], 'the snapshot')).toMatchObject({
      presences: [],
      users: [{ userId: 'bob', general: 'offline' }, { userId: 'ann' }],
    });
    await bob.setStatus('there');
    await settle(pc, phone, dan);
    expect([pc.statusesOf('bob'), phone.statusesOf('bob'), dan.statusesOf('bob')]).toEqual([[], [], ['there']]);
    // The other way round nothing is blocked.
    await bob.follow(['ann']);
    await phone.setStatus('phone');
    await bob.settle();
    expect(bob.statusesOf('ann')).toEqual(['phone']);
  });

  test('by somebody who is not followed holds for queries, and for a follow that comes later', async () => {
    await person(server, 'bob', 'presence', { status: 'here' });
    const ann = await person(server, 'ann');
    void presence.block('bob', 'ann');
    expect((await ann.ask('presence:query', { userIds: ['bob', 'cat'] })).users).toMatchObject([
      { userId: 'bob', general: 'unlogined', presences: [] },
      { userId: 'cat', general: 'unlogined' },
    ]);
    expect((await ann.follow(['bob'])).users).toEqual([{ userId: 'bob', general: 'unlogined' }]);
  });

  test.each(['visible', 'invisible', 'dropped', 'never here'])(
    'made when the viewer logs in looks the same whether the user is %s',
    async (where) => {
      if (where !== 'never here') {
        const status = where === 'invisible' ? null : 'here';
        const bob = await person(server, 'bob|Bob', 'presence', { status });
        if (where === 'dropped') {
          await drop(bob);
          await until(async () => (await presence.areOnline(['bob'])).get('bob') === false, 'bob to be gone');
        }
      }
      void presence.block('bob', 'ann');
      const ann = await person(server, 'ann');
      const unseen = { userId: 'bob', general: 'unlogined' };
      expect(await ann.follow(['bob'])).toEqual({ presences: [], users: [unseen] });
      expect((await ann.ask('presence:query', { userIds: ['bob'] })).users).toMatchObject([unseen]);
      await ann.settle();
      expect(ann.state.users['bob']).toMatchObject({ username: '', general: 'unlogined', connections: {} });
    },
  );

  test('holds for connections that come after it, until it is taken back', async () => {
    await person(server, 'bob', 'presence', { status: 'here' });
    const first = await person(server, 'ann');
    void presence.block('bob', 'ann');
    await first.leave();
    const later = await person(server, 'ann', 'lobby');
    expect((await later.follow(['bob'])).presences).toEqual([]);
    void presence.unblock('bob', 'ann');
    await until(() => later.statusesOf('bob').includes('here'), 'bob to be seen again');
  });

  test('by somebody who is not there changes nothing to be seen, then or later', async () => {
    const ann = await person(server, 'ann');
    await ann.follow(['bob']);
    await ann.settle();
    ann.clear();
    void presence.block('bob', 'ann');
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    await settle(bob, ann);
    expect(ann.heard.filter(({ kind }) => kind !== 'response')).toEqual([]);
    expect((await ann.ask('presence:query', { userIds: ['bob'] })).users).toMatchObject([{ general: 'unlogined' }]);
  });

  test('of oneself, twice, or taken back without having been made is a no-op', async () => {
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    const ann = await person(server, 'ann', 'presence', { status: '' });
    await ann.follow(['bob']);
    void presence.unblock('bob', 'ann');
    void presence.block('ann', 'ann');
    void presence.block('bob', 'ann');
    void presence.block('bob', 'ann');
    await until(() => ann.deltas.some(({ leaves }) => leaves.length > 0), 'the block');
    await settle(ann, bob);
    expect(ann.deltas.filter(({ leaves }) => leaves.length > 0)).toHaveLength(1);
    expect(ann.statusesOf('ann')).toEqual(['']);
  });
});

describe('taking a block back', () => {
  test('shows the user again, as an ordinary join, where it is followed', async () => {
    const bob = await person(server, 'bob|Bob', 'presence', { status: 'here' });
    const ann = await person(server, 'ann');
    await ann.follow(['bob']);
    void presence.block('bob', 'ann');
    await until(() => ann.deltas.length === 1, 'the block');
    await bob.setStatus('there');
    void presence.unblock('bob', 'ann');
    await until(() => ann.deltas.length === 2, 'the return');
    expect(ann.deltas[1]).toMatchObject({
      leaves: [],
      joins: [{ userId: 'bob', status: 'there' }],
      users: [{ userId: 'bob', general: 'online' }],
    });
    await bob.setStatus('everywhere');
    await ann.settle();
    expect(ann.statusesOf('bob')).toEqual(['everywhere']);
    expect(ann.state.users['bob']).toMatchObject({ general: 'online', username: 'Bob' });
    expect(ann.mirror.problems).toEqual([]);
  });

  test('of a user who has left meanwhile tells how it left', async () => {
    const bob = await person(server, 'bob', 'presence', { status: 'here' });
    const ann = await person(server, 'ann');
    await ann.follow(['bob']);
    void presence.block('bob', 'ann');
    await until(() => ann.deltas.length === 1, 'the block');
    await bob.leave();
    void presence.unblock('bob', 'ann');
    await until(() => ann.deltas.length === 2, 'the news');
    expect(ann.deltas[1]).toEqual({ joins: [], leaves: [], users: [{ userId: 'bob', general: 'unlogined' }] });
  });
});

describe('blocks that the game stores', () => {
  async function restart(options: PresenceOptions, rooms: Parameters<typeof startServer>[1] = {}): Promise<void> {
    await server.stop();
    server = await startServer({ graceSeconds: 0, ...options }, rooms);
  }

  test('are told once per call, and not of oneself', async () => {
    const told: BlockEvent[] = [];
    const stop = presence.on('block', (event) => {
      told.push(event);
    });
    await Promise.all([presence.block('bob', 'ann'), presence.unblock('bob', 'ann'), presence.block('ann', 'ann')]);
    stop();
    await presence.block('bob', 'cat');
    expect(told).toEqual([
      { userId: 'bob', blockedId: 'ann', blocked: true, local: true },
      { userId: 'bob', blockedId: 'ann', blocked: false, local: true },
    ]);
  });

  test.each([
    ['a list', ['bob']],
    ['a set', new Set(['bob'])],
    ['a promise', Promise.resolve(['bob'])],
  ])(
    'are given back by blockedBy as %s: the blocker is seen in nothing, the friend list included',
    async (_, answer) => {
      const viewers: unknown[] = [];
      await restart({
        blockedBy: (viewer) => {
          viewers.push(viewer);
          return viewer.userId === 'ann' ? answer : [];
        },
        resolveFollows: ({ userId }) => (userId === 'ann' ? ['bob', 'cat'] : []),
      });
      const bob = await person(server, 'bob|Bob', 'presence', { status: 'here' });
      await person(server, 'cat', 'presence', { status: 'here' });
      const ann = await person(server, 'ann|Ann');
      expect(await until(() => ann.snapshots[0], 'the friend list')).toMatchObject({
        presences: [{ userId: 'cat' }],
        users: [{ userId: 'bob', general: 'unlogined' }],
      });
      expect(viewers.at(-1)).toEqual({ userId: 'ann', username: 'Ann', auth: { userId: 'ann', username: 'Ann' } });
      await bob.setStatus('there');
      await settle(bob, ann);
      expect(ann.statusesOf('bob')).toEqual([]);
      expect((await ann.ask('presence:query', { userIds: ['bob'] })).users).toMatchObject([{ general: 'unlogined' }]);
      void presence.unblock('bob', 'ann');
      await until(() => ann.statusesOf('bob').includes('there'), 'bob to be seen');
    },
  );

  test('are waited for: until then nothing reaches the client, and its user is not here', async () => {
    const stored = gate<string[]>();
    await restart({ blockedBy: ({ userId }) => (userId === 'ann' ? stored.opened : []), maxConnectionsPerUser: 1 });
    await person(server, 'bob', 'presence', { status: 'here' });
    const joins = Promise.allSettled([
      person(server, 'ann', 'presence', { status: 'hello' }),
      person(server, 'ann', 'presence', { status: 'hello' }),
    ]);
    await until(() => presence.count().connections === 1, 'bob alone');
    expect(presence.count()).toMatchObject({ connections: 1, online: 1 });
    stored.open(['bob']);
    // The limit of connections is not passed by joins that wait together.
    const outcomes = await joins;
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const ann = outcomes.find((outcome) => outcome.status === 'fulfilled')!.value;
    expect((await ann.follow(['bob'])).presences).toEqual([]);
  });

  test.each<
    [what: string, blockedBy: NonNullable<PresenceOptions['blockedBy']>, code: string, reason: RegExp | undefined]
  >([
    ['throws', () => Promise.reject(new Error('db "down"\nforged line')), 'hook_failed', /it threw: "Error: db/],
    ['is silent', () => silence(), 'hook_failed', /no answer within 50 ms/],
    ['answers no list', () => 'bob' as unknown as string[], 'hook_failed', /must return a list or a set of user ids/],
    ['answers no ids', () => [7.5], 'hook_failed', /it returned an entry that is not a user id: the number 7.5/],
    [
      'says why',
      () => {
        throw new PresenceError('unavailable');
      },
      'unavailable',
      undefined,
    ],
  ])('refuse the join when blockedBy %s', async (_, blockedBy, code, reason) => {
    const log = captureLog();
    await restart({ blockedBy, hookTimeoutMs: 50 });
    await expect(person(server, 'ann')).rejects.toThrow(`(code: ${code})`);
    expect(presence.count().connections).toBe(0);
    const lines = log.filter((line) => line.startsWith('[presence:'));
    expect(lines).toEqual(
      reason === undefined
        ? []
        : [expect.stringMatching(/^\[presence:blocks_unknown\] User "ann" is not let in: [^\n]*$/)],
    );
    expect(lines.join('')).toMatch(reason ?? /^$/);
  });

  test('let a player of a match play on without presence when blockedBy fails', async () => {
    captureLog();
    class MatchRoom extends Room {
      override plugins = definePlugins([
        new PresencePlugin({
          blockedBy: () => {
            throw new Error('db down');
          },
        }),
      ]);
    }
    await restart({}, { match: MatchRoom });
    const ann = await person(server, 'ann', 'match');
    expect(await ann.refusal('presence:query', { userIds: ['bob'] }, 'request')).toMatchObject({ code: 'hook_failed' });
  });
});
