/** `presence.block`: from that moment the blocked viewer sees somebody who has gone offline, in every output, and nothing that happens later. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { presence } from '../../src/index.ts';
import { comeBack, drop } from '../support/drop.ts';
import { person, settle } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startServer({ graceSeconds: 0, rateLimit: 100 });
});
afterEach(async () => {
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
