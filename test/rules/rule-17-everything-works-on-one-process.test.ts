/** Without Redis, over Colyseus's own LocalPresence. Many processes: test/cluster. */
import { LocalPresence, matchMaker } from '@colyseus/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presence } from '../../src/index.ts';
import { comeBack, drop } from '../support/drop.ts';
import { expectSound, FORMS, fresh, person, ROOMS, settle } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

describe.each(ROOMS)('rule 17, %s rooms that take two clients each', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ maxClients: 2, rateLimit: 1000 });
  });
  afterAll(async () => {
    await server.stop();
  });

  test('joins shard over rooms, and there is no Redis', async () => {
    const people = await Promise.all(Array.from({ length: 6 }, async () => person(server, fresh('p'), room)));
    const rooms = new Set(people.map((one) => one.room.roomId));
    expect(rooms.size).toBeGreaterThanOrEqual(3);
    expect(matchMaker.presence).toBeInstanceOf(LocalPresence);
    await Promise.all(people.map(async (one) => one.leave()));
  });

  test.each(FORMS)('follows, deltas, queries and state cross rooms, by %s', async (form) => {
    const ids = Array.from({ length: 6 }, () => fresh('friend'));
    const friends = await Promise.all(ids.map(async (id) => person(server, id, room, { status: `hello from ${id}` })));
    const ann = await person(server, fresh('ann'), room);
    expect(new Set(friends.map((one) => one.room.roomId)).size).toBeGreaterThanOrEqual(3);
    const { presences } = await ann.follow(ids, form);
    expect(new Set(presences.map(({ status }) => status))).toEqual(new Set(ids.map((id) => `hello from ${id}`)));
    await Promise.all(friends.map(async (one) => one.setStatus('changed', form)));
    await until(() => ids.every((id) => ann.statusesOf(id)[0] === 'changed'), 'all changes');
    expect(
      (await ann.ask('presence:query', { userIds: ids }, form)).users.every(
        ({ customStatus }) => customStatus === 'changed',
      ),
    ).toBe(true);
    await settle(ann);
    expect(Object.values(ann.state.users).every(({ general }) => general === 'online')).toBe(true);
    await Promise.all(friends.map(async (one) => one.leave()));
    await until(() => ids.every((id) => ann.sees(id).length === 0), 'all to be gone');
    await settle(ann);
    expect(
      Object.values(ann.state.users).every(
        ({ general, connections }) => general === 'unlogined' && Object.keys(connections).length === 0,
      ),
    ).toBe(true);
    expectSound(ann, ...friends);
    await ann.leave();
  });

  test('two devices of one user in two rooms are one user', async () => {
    const bobId = fresh('bob');
    const pc = await person(server, bobId, room, { status: 'pc' });
    const other = await person(server, fresh('filler'), room);
    const phone = await person(server, bobId, room, { status: 'phone' });
    const ann = await person(server, fresh('ann'), room);
    expect(pc.room.roomId).not.toBe(phone.room.roomId);
    expect((await ann.follow([bobId])).presences.map(({ status }) => status)).toEqual(['pc', 'phone']);
    await settle(pc, phone);
    expect(pc.statusesOf(bobId)).toEqual(['pc', 'phone']);
    await pc.leave();
    await until(() => ann.statusesOf(bobId).join() === 'phone', 'only the phone');
    expect(ann.deltas.some(({ users }) => users !== undefined)).toBe(false);
    expectSound(ann, phone);
    await Promise.all([phone, ann, other].map(async (one) => one.leave()));
  });

  test('a room that is disposed takes nobody of another room with it', async () => {
    const bobId = fresh('bob');
    const ann = await person(server, fresh('ann'), room);
    const filler = await person(server, fresh('filler'), room);
    await ann.follow([bobId]);
    for (let i = 0; i < 3; i++) {
      const bob = await person(server, bobId, room, { status: `${i}` });
      expect(bob.room.roomId).not.toBe(ann.room.roomId);
      await until(() => ann.statusesOf(bobId)[0] === `${i}`, 'Bob');
      const { roomId } = bob.room;
      await bob.leave();
      await until(
        () => ann.sees(bobId).length === 0 && matchMaker.getLocalRoomById(roomId) === undefined,
        'Bob and his room to be gone',
      );
    }
    expectSound(ann);
    await Promise.all([ann, filler].map(async (one) => one.leave()));
  });

  test('a dropped connection comes back to its own room', async () => {
    const bobId = fresh('bob');
    const [ann, filler] = [await person(server, fresh('ann'), room), await person(server, fresh('filler'), room)];
    const bob = await person(server, bobId, room, { status: 'bob' });
    bob.reconnectFast();
    await ann.follow([bobId]);
    await drop(bob);
    await comeBack(bob);
    await bob.setStatus('back');
    await until(() => ann.statusesOf(bobId)[0] === 'back', 'Bob');
    expectSound(ann, bob);
    await Promise.all([ann, bob, filler].map(async (one) => one.leave()));
  });
});

describe('rule 17, both kinds of room on one process', () => {
  test('who is in a lobby and who is in a presence room see each other', async () => {
    const server = await startServer();
    try {
      const ann = await person(server, 'ann', 'lobby', { status: 'in the lobby' });
      const bob = await person(server, 'bob', 'presence', { status: 'in the presence room' });
      await ann.follow(['bob']);
      await bob.follow(['ann']);
      expect(ann.statusesOf('bob')).toEqual(['in the presence room']);
      await ann.setStatus('still there');
      await until(() => bob.statusesOf('ann')[0] === 'still there', 'Ann');
      expectSound(ann, bob);
    } finally {
      await server.stop();
    }
  });

  test('the last one to leave leaves nothing behind, and a second server starts from nothing', async () => {
    const server = await startServer({ graceSeconds: 0 });
    const [ann, bob] = [
      await person(server, 'ann', 'presence', { status: 'x' }),
      await person(server, 'bob', 'lobby', { status: 'y' }),
    ];
    await ann.follow(['bob', 'nobody']);
    await bob.follow(['ann']);
    expect(presence.count()).toEqual({ users: 2, connections: 2, online: 2 });
    await Promise.all([ann.leave(), bob.leave()]);
    await until(() => presence.count().connections === 0, 'everybody to be gone');
    await server.stop();
    const second = await startServer();
    try {
      const cat = await person(second, 'cat', 'presence');
      expect((await cat.follow(['ann', 'bob'])).presences).toEqual([]);
    } finally {
      await second.stop();
    }
  });
});
