import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSound, FORMS, fresh, person, ROOMS, settle, type Person } from '../support/person.ts';
import { rawJoin } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

/** The place in what was heard of the reply to an unfollow that was sent with this cid. */
function indexOfReply(who: Person, cid: string): number {
  return who.heard.findIndex(
    (entry) =>
      entry.kind === 'message' && entry.type === 'presence:reply' && (entry.payload as { cid: string }).cid === cid,
  );
}

describe.each(ROOMS)('rule 9, in a %s room', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ rateLimit: 100_000, floodLimit: 100_000 });
  });
  afterAll(async () => {
    await server.stop();
  });

  describe.each(FORMS)('by %s', (form) => {
    test('after it no delta and no state of that user arrives; the others go on', async () => {
      const [b, c, ann] = [fresh('bob'), fresh('cat'), fresh('ann')];
      const bob = await person(server, b, room, { status: 'bob' });
      const cat = await person(server, c, room, { status: 'cat' });
      const viewer = await person(server, ann, room);
      await viewer.follow([b, c], form);
      expect(await viewer.ask('presence:unfollow', { userIds: [b] }, form)).toEqual({});
      await settle(viewer);
      expect(Object.keys(viewer.state.users)).toEqual([c]);
      viewer.clear();
      await bob.setStatus('bob 2');
      await bob.leave();
      await cat.setStatus('cat 2');
      await until(() => viewer.statusesOf(c)[0] === 'cat 2', 'the cat');
      expect(Buffer.concat(viewer.frames).toString('latin1')).not.toContain(b);
      expect(viewer.deltas).toHaveLength(1);
      expectSound(viewer);
    });

    test('unknown and unfollowed ids are a no-op; an empty list is nothing; no list is everybody', async () => {
      const [b, c, ann] = [fresh('bob'), fresh('cat'), fresh('ann')];
      const bob = await person(server, b, room, { status: 'bob' });
      await person(server, c, room, { status: 'cat' });
      const viewer = await person(server, ann, room, { status: 'me' });
      await viewer.follow([b, c, 'offline-one'], form);
      for (const userIds of [['nobody'], [], ['nobody', fresh('x'), 'nobody']]) {
        expect(await viewer.ask('presence:unfollow', { userIds }, form)).toEqual({});
      }
      await settle(viewer);
      expect(Object.keys(viewer.state.users).sort()).toEqual([b, c, 'offline-one'].sort());
      expect(await viewer.ask('presence:unfollow', {}, form)).toEqual({});
      await settle(viewer);
      expect(viewer.state.users).toEqual({});
      viewer.clear();
      await bob.setStatus('unheard');
      await viewer.setStatus('my own is still told');
      await settle(viewer);
      expect(viewer.deltas.map(({ joins }) => joins[0]?.status)).toEqual(['my own is still told']);
    });

    test('the same ids twice in one list, and twice in a row', async () => {
      const [b, ann] = [fresh('bob'), fresh('ann')];
      await person(server, b, room, { status: 'bob' });
      const viewer = await person(server, ann, room);
      await viewer.follow([b], form);
      await viewer.unfollow([b, b], form);
      await viewer.unfollow([b], form);
      expect((await viewer.follow([b], form)).presences).toHaveLength(1);
      await settle(viewer);
      expect(Object.keys(viewer.state.users)).toEqual([b]);
    });
  });

  test('under a stream of updates nothing of the user comes behind the reply (100 rounds)', async () => {
    const [b, ann] = [fresh('bob'), fresh('ann')];
    const bob = await rawJoin(server, b, room, { status: 'start' });
    const viewer = await person(server, ann, room);
    for (let i = 0; i < 100; i++) {
      await viewer.follow([b]);
      viewer.clear();
      bob.burst([
        ['presence:status', { status: `${i} a` }],
        ['presence:status', { status: `${i} b` }],
      ]);
      const cid = viewer.sendForm('presence:unfollow', { userIds: [b] });
      bob.burst([
        ['presence:status', { status: `${i} c` }],
        ['presence:status', { status: `${i} d` }],
      ]);
      await viewer.reply(cid);
      await settle(viewer);
      const behind = viewer.heard
        .slice(indexOfReply(viewer, cid))
        .filter((entry) => entry.kind === 'message' && entry.type === 'presence:delta');
      expect(behind).toEqual([]);
      expect(viewer.state.users).toEqual({});
    }
    bob.socket.close();
  });

  test('a follow and an unfollow sent behind each other, in one segment, end as unfollowed', async () => {
    const [b, c] = [fresh('bob'), fresh('cat')];
    const bob = await person(server, b, room, { status: 'start' });
    const cat = await person(server, c, room, { status: 'start' });
    for (let i = 0; i < 20; i++) {
      const viewer = await rawJoin(server, fresh('ann'), room);
      viewer.burst([
        ['presence:follow', { userIds: [b, c], cid: 1 }],
        ['presence:unfollow', i % 2 === 0 ? { userIds: [b], cid: 2 } : { cid: 2 }],
        ...(i % 2 === 0 ? [] : [['presence:follow', { userIds: [c], cid: 3 }] as const]),
      ]);
      await until(() => viewer.of('presence:reply').length === (i % 2 === 0 ? 2 : 3), 'the replies');
      await bob.setStatus(`b${i}`);
      await cat.setStatus(`c${i}`);
      await until(
        () =>
          viewer
            .of<{ joins: Array<{ userId: string; status: string }> }>('presence:delta')
            .some(({ joins }) => joins.some(({ status }) => status === `c${i}`)),
        'the cat',
      );
      const heard = viewer
        .of<{ joins: Array<{ userId: string }> }>('presence:delta')
        .flatMap(({ joins }) => joins.map(({ userId }) => userId));
      expect(new Set(heard)).toEqual(new Set([c]));
      viewer.socket.close();
    }
  });
});
