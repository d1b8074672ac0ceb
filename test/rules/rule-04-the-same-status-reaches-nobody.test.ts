import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FORMS, fresh, person, ROOMS, settle } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';

describe.each(ROOMS)('rule 4, in a %s room', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ rateLimit: 1000 });
  });
  afterAll(async () => {
    await server.stop();
  });

  describe.each(FORMS)('by %s', (form) => {
    test.each(['', 'Playing', '{"matchId":"m"}', null])(
      'setting %j again sends no frame to followers, and only the reply to the sender',
      async (status) => {
        const [bobId, annId] = [fresh('bob'), fresh('ann')];
        const bob = await person(server, bobId, room, { status });
        const ann = await person(server, annId, room);
        await ann.follow([bobId]);
        await settle(bob, ann);
        const [annFrames, bobFrames] = [ann.frames.length, bob.frames.length];
        for (let i = 0; i < 5; i++) {
          expect(await bob.ask('presence:status', { status }, form)).toEqual({});
        }
        await settle(bob, ann);
        expect(bob.frames.length - bobFrames).toBe(6); // five replies, and the one of settle
        expect(ann.frames.length - annFrames).toBe(1); // the reply of settle
      },
    );

    test('null, when there was none before, reaches nobody', async () => {
      const [bobId, annId] = [fresh('bob'), fresh('ann')];
      const bob = await person(server, bobId, room);
      const ann = await person(server, annId, room);
      await ann.follow([bobId]);
      await settle(bob, ann);
      const frames = ann.frames.length;
      await bob.setStatus(null, form);
      await settle(ann);
      expect(ann.frames.length - frames).toBe(1);
    });
  });

  test('the same text does not make a device the one most recently set', async () => {
    const [bobId, annId] = [fresh('bob'), fresh('ann')];
    const pc = await person(server, bobId, room, { status: 'pc' });
    const phone = await person(server, bobId, room, { status: 'phone' });
    await pc.setStatus('pc');
    await settle(phone);
    const ann = await person(server, annId, room);
    expect((await ann.ask('presence:query', { userIds: [bobId] })).users[0]?.customStatus).toBe('phone');
  });
});
