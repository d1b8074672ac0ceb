import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presence } from '../../src/index.ts';
import { expectSound, FORMS, fresh, person, ROOMS, settle } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { rawJoin } from '../support/raw.ts';
import { until } from '../support/until.ts';

describe.each(ROOMS)('rule 7, in a %s room', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ rateLimit: 1000 });
  });
  afterAll(async () => {
    await server.stop();
  });

  test('all own connections hear an own update, also the one that made it, without following', async () => {
    const bobId = fresh('bob');
    const pc = await person(server, bobId, room, { status: 'pc' });
    const phone = await person(server, bobId, room, { status: 'phone' });
    const hidden = await person(server, bobId, room);
    await settle(pc, phone, hidden);
    [pc, phone, hidden].forEach((one) => {
      one.clear();
    });
    await pc.setStatus('pc 2');
    await settle(pc, phone, hidden);
    const connectionId = [...pc.mirror.held.values()].find(({ status }) => status === 'pc 2')?.connectionId;
    for (const one of [pc, phone, hidden]) {
      expect(one.deltas).toEqual([
        {
          leaves: [{ userId: bobId, connectionId, status: 'pc' }],
          joins: [{ userId: bobId, connectionId, status: 'pc 2' }],
        },
      ]);
      expect(
        Object.values(one.state.me?.connections ?? {})
          .map(({ status }) => status)
          .sort(),
      ).toEqual(['pc 2', 'phone']);
      expect(one.state.users).toEqual({});
    }
    expectSound(pc, phone, hidden);
  });

  test('a device that joins is welcomed with the others, and told of itself by a delta', async () => {
    const bobId = fresh('bob');
    const pc = await person(server, bobId, room, { status: 'pc' });
    const phone = await person(server, bobId, room, { status: 'phone' });
    await settle(pc, phone);
    expect((await phone.welcome()).presences.map(({ status }) => status)).toEqual(['pc']);
    expect(pc.statusesOf(bobId)).toEqual(['pc', 'phone']);
    expect(phone.statusesOf(bobId)).toEqual(['pc', 'phone']);
    expectSound(pc, phone);
  });

  test.each(FORMS)('following oneself by %s is silently ignored', async (form) => {
    const [bobId, catId] = [fresh('bob'), fresh('cat')];
    const bob = await person(server, bobId, room, { status: 'here' });
    const cat = await person(server, catId, room, { status: 'cat' });
    await settle(bob, cat);
    bob.clear();
    expect(await bob.follow([bobId], form)).toEqual({ presences: [], users: [] });
    expect((await bob.follow([bobId, catId, bobId], form)).presences.map(({ userId }) => userId)).toEqual([catId]);
    await bob.setStatus('there', form);
    await settle(bob);
    expect(bob.deltas).toHaveLength(1);
    expect(Object.keys(bob.state.users)).toEqual([catId]);
    await bob.unfollow([bobId], form);
    await bob.setStatus('still told', form);
    await settle(bob);
    expect(bob.deltas).toHaveLength(2);
    expectSound(bob);
  });

  test('a device that joins while another one changes is told each value once (30 rounds)', async () => {
    const bobId = fresh('bob');
    const pc = await rawJoin(server, bobId, room, { status: 'start' });
    for (let i = 0; i < 30; i++) {
      const joining = person(server, bobId, room);
      pc.burst([
        ['presence:status', { status: `${i} a` }],
        ['presence:status', { status: `${i} b` }],
      ]);
      const phone = await joining;
      await until(() => phone.statusesOf(bobId)[0] === `${i} b`, 'the last status');
      await settle(phone);
      expectSound(phone);
      await phone.leave();
    }
    pc.socket.close();
  }, 30_000);

  test('a status the server sets in the turn of a join is told once', async () => {
    const bobId = fresh('bob');
    const pc = await person(server, bobId, room, { status: 'pc' });
    for (let i = 0; i < 20; i++) {
      let round = 0;
      const stop = setInterval(() => {
        void presence.setStatus({ userId: bobId }, `${i}-${round++}`);
      }, 0);
      const phone = await person(server, bobId, room);
      clearInterval(stop);
      await settle(pc, phone);
      expectSound(phone);
      await phone.leave();
    }
  });
});
