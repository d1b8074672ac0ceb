import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presence } from '../../src/index.ts';
import { expectSound, FORMS, fresh, person, ROOMS, settle } from '../support/person.ts';
import { rawJoin } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

describe.each(ROOMS)('rule 8, in a %s room', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ rateLimit: 100_000, floodLimit: 100_000 });
  });
  afterAll(async () => {
    await server.stop();
  });

  describe.each(FORMS)('by %s', (form) => {
    test('the reply has every requested user that is visible now, followed before or not, and names the others', async () => {
      const [a, b, c, d, ann] = [fresh('a'), fresh('b'), fresh('c'), fresh('d'), fresh('ann')];
      await person(server, a, room, { status: 'a' });
      await person(server, b, room, { status: 'b1' });
      await person(server, b, room, { status: 'b2' });
      await person(server, c, room); // invisible
      const viewer = await person(server, ann, room);
      await viewer.follow([a], form);
      const reply = await viewer.follow([a, b, c, d], form);
      expect(reply.presences.map(({ userId, status }) => [userId, status])).toEqual([
        [a, 'a'],
        [b, 'b1'],
        [b, 'b2'],
      ]);
      expect(reply.users).toEqual([
        { userId: c, general: 'unlogined' },
        { userId: d, general: 'unlogined' },
      ]);
      expect(Object.keys(reply)).not.toContain('evicted');
    });

    test('duplicates, unknown ids and an empty list are fine', async () => {
      const [bob, ann] = [fresh('bob'), fresh('ann')];
      const publisher = await person(server, bob, room, { status: 'one' });
      const viewer = await person(server, ann, room);
      expect(await viewer.follow([], form)).toEqual({ presences: [], users: [] });
      const reply = await viewer.follow([bob, 'nobody', bob, 'nobody', bob], form);
      expect(reply.presences).toHaveLength(1);
      expect(reply.users).toEqual([{ userId: 'nobody', general: 'unlogined' }]);
      await viewer.follow([bob], form);
      await publisher.setStatus('two');
      await settle(viewer);
      expect(viewer.deltas).toHaveLength(1);
      expect(Object.keys(viewer.state.users).sort()).toEqual([bob, 'nobody'].sort());
      expectSound(viewer);
    });

    test('100 updates that race as many follows: none is lost, none arrives twice, none out of order', async () => {
      const [bob, ann] = [fresh('bob'), fresh('ann')];
      const publisher = await person(server, bob, room, { status: 'start' });
      const viewer = await person(server, ann, room);
      for (let i = 0; i < 100; i++) {
        const update = publisher.setStatus(`round ${i}`, form);
        await viewer.follow([bob], form);
        await update;
        await until(() => viewer.statusesOf(bob)[0] === `round ${i}`, `round ${i} at the follower`);
        expectSound(viewer);
        expect(Object.values(viewer.state.users[bob]?.connections ?? {}).map(({ status }) => status)).toEqual([
          `round ${i}`,
        ]);
        await viewer.unfollow([bob], form);
      }
    });
  });

  test('an update and a follow that reach the server in one segment, from either side', async () => {
    const [bob, ann] = [fresh('bob'), fresh('ann')];
    // One user with two roles: the socket that updates is the socket that follows another device's friend.
    const publisher = await rawJoin(server, bob, room, { status: 'start' });
    const viewer = await person(server, ann, room);
    for (let i = 0; i < 50; i++) {
      publisher.burst([
        ['presence:status', { status: `${i}a` }],
        ['presence:status', { status: `${i}b` }],
        ['presence:status', { status: `${i}c` }],
      ]);
      viewer.sendForm('presence:follow', { userIds: [bob] });
      viewer.sendForm('presence:follow', { userIds: [bob] });
      await until(() => viewer.statusesOf(bob)[0] === `${i}c`, `the last of round ${i}`);
      expectSound(viewer);
      await viewer.unfollow(undefined);
    }
    publisher.socket.close();
  });

  test('a status the server sets in the turn of the follow is in the reply or in one delta, not in both', async () => {
    const [bob, ann] = [fresh('bob'), fresh('ann')];
    await person(server, bob, room, { status: 'start' });
    const viewer = await person(server, ann, room);
    for (let i = 0; i < 50; i++) {
      let n = 0;
      const timer = setInterval(() => {
        void presence.setStatus({ userId: bob }, `${i}-${++n}`);
      }, 0);
      await viewer.follow([bob], i % 2 === 0 ? 'request' : 'send');
      await until(() => n > 0, 'a change by the server');
      await viewer.follow([bob]);
      clearInterval(timer);
      await settle(viewer);
      expect(viewer.statusesOf(bob)).toEqual([`${i}-${n}`]);
      expectSound(viewer);
      await viewer.unfollow([bob]);
    }
  });

  test('a user who comes and goes while being followed', async () => {
    const [bob, ann] = [fresh('bob'), fresh('ann')];
    const viewer = await person(server, ann, room);
    for (let i = 0; i < 20; i++) {
      const [publisher] = await Promise.all([person(server, bob, room, { status: `${i}` }), viewer.follow([bob])]);
      await until(() => viewer.statusesOf(bob)[0] === `${i}`, 'Bob');
      await Promise.all([publisher.leave(), viewer.follow([bob])]);
      await until(() => viewer.sees(bob).length === 0, 'Bob to be gone');
      expectSound(viewer);
      await viewer.unfollow([bob]);
    }
  });

  test('a follow ends with its connection: the same user, joined again, follows nobody', async () => {
    const [bob, ann] = [fresh('bob'), fresh('ann')];
    const publisher = await person(server, bob, room, { status: 'one' });
    const viewer = await person(server, ann, room);
    await viewer.follow([bob]);
    await viewer.leave();
    const again = await person(server, ann, room);
    const phone = await person(server, ann, room);
    await phone.follow([bob]);
    await publisher.setStatus('two');
    await settle(again, phone);
    expect(again.sees(bob)).toEqual([]);
    expect(again.state.users).toEqual({});
    expect(phone.statusesOf(bob)).toEqual(['two']);
  });
});
