import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSound, FORMS, fresh, person, ROOMS, settle } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

describe.each(ROOMS)('rule 2, in a %s room', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ rateLimit: 1000 });
  });
  afterAll(async () => {
    await server.stop();
  });

  describe.each(FORMS)('by %s', (form) => {
    test('an update is one delta: the old presence leaves, the new one joins', async () => {
      const [bobId, annId] = [fresh('bob'), fresh('ann')];
      const bob = await person(server, bobId, room, { status: 'one' });
      const ann = await person(server, annId, room);
      const connectionId = await bob.connectionId();
      expect((await ann.follow([bobId], form)).presences).toEqual([{ userId: bobId, connectionId, status: 'one' }]);

      await bob.setStatus('two', form);
      await until(() => ann.deltas.length > 0, 'the delta');
      expect(ann.deltas).toEqual([
        {
          leaves: [{ userId: bobId, connectionId, status: 'one' }],
          joins: [{ userId: bobId, connectionId, status: 'two' }],
        },
      ]);
      expect(await bob.ask('presence:status', { status: 'three' }, form)).toEqual({});
    });

    test('a first status is a delta that only joins', async () => {
      const [bobId, annId] = [fresh('bob'), fresh('ann')];
      const bob = await person(server, bobId, room);
      const ann = await person(server, annId, room);
      await ann.follow([bobId], form);
      await bob.setStatus('', form);
      await until(() => ann.deltas.length > 0, 'the delta');
      expect(ann.deltas).toEqual([
        {
          leaves: [],
          joins: [{ userId: bobId, connectionId: await bob.connectionId(), status: '' }],
          users: [{ userId: bobId, general: 'online' }],
        },
      ]);
    });

    test('100 updates, one at a time: all of them arrive, in order', async () => {
      const [bobId, annId] = [fresh('bob'), fresh('ann')];
      const bob = await person(server, bobId, room, { status: 'start' });
      const ann = await person(server, annId, room);
      await ann.follow([bobId], form);
      for (let i = 0; i < 100; i++) {
        await bob.setStatus(`n${i}`, form);
      }
      await settle(bob, ann);
      expect(ann.deltas.flatMap(({ joins }) => joins.map(({ status }) => status))).toEqual(
        Array.from({ length: 100 }, (_, i) => `n${i}`),
      );
      expectSound(ann, bob);
    });
  });

  test('every follower hears it once, and nobody else', async () => {
    const bobId = fresh('bob');
    const bob = await person(server, bobId, room, { status: 'one' });
    const followers = await Promise.all(Array.from({ length: 10 }, async () => person(server, fresh('fan'), room)));
    const stranger = await person(server, fresh('stranger'), room, { status: 'here' });
    await Promise.all(followers.map(async (one) => one.follow([bobId])));
    await settle(stranger);
    stranger.clear();
    await bob.setStatus('two');
    await settle(...followers, stranger);
    for (const follower of followers) {
      expect(follower.deltas.map(({ joins }) => joins[0]?.status)).toEqual(['two']);
    }
    expect(stranger.deltas).toEqual([]);
    expectSound(...followers);
  });

  test.each([
    ['a match id in JSON', '{"matchId":"room1","text":"Playing"}', 'room1'],
    ['a match id that is no string', '{"matchId":7}', undefined],
    ['a match id in an array', '[{"matchId":"room1"}]', undefined],
    ['broken JSON', '{"matchId":"room1"', undefined],
    ['an empty match id', '{"matchId":""}', undefined],
  ])('%s: lifted out or left alone, the text always unchanged', async (_, status, matchId) => {
    const [bobId, annId] = [fresh('bob'), fresh('ann')];
    const bob = await person(server, bobId, room, { status });
    const ann = await person(server, annId, room);
    const { presences } = await ann.follow([bobId]);
    expect(presences).toEqual([
      {
        userId: bobId,
        connectionId: await bob.connectionId(),
        status,
        ...(matchId !== undefined && { matchId, match: { verified: false } }),
      },
    ]);
    expect(ann.state.users[bobId]?.connections[await bob.connectionId()]?.matchId).toBe(matchId ?? '');
  });

  test('a connection id is not the Colyseus session id, and stays the same while it is visible', async () => {
    const bob = await person(server, fresh('bob'), room, { status: 'one' });
    const connectionId = await bob.connectionId();
    expect(connectionId).not.toContain(bob.room.sessionId);
    await bob.setStatus('two');
    await settle(bob);
    expect([...bob.mirror.held.keys()]).toEqual([connectionId]);
    const everything = bob.frames.map((frame) => Buffer.from(frame).toString('latin1')).join('');
    expect(everything).not.toContain(bob.room.sessionId);
  });
});
