import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presence } from '../../src/index.ts';
import { comeBack, drop, serverRoom } from '../support/drop.ts';
import { expectSound, fresh, person, ROOMS, settle } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

describe.each(ROOMS)('rule 6, in a %s room', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ rateLimit: 1000, graceSeconds: 10 });
  });
  afterAll(async () => {
    await server.stop();
  });

  test('dropped and back: status and follows are kept, and followers hear nothing', async () => {
    const [bobId, annId, catId] = [fresh('bob'), fresh('ann'), fresh('cat')];
    const ann = await person(server, annId, room);
    const cat = await person(server, catId, room, { status: 'cat' });
    const bob = await person(server, bobId, room, { status: 'bob' });
    bob.reconnectFast();
    await ann.follow([bobId]);
    await bob.follow([catId]);
    const connectionId = await bob.connectionId();
    await settle(ann, bob);
    const frames = ann.frames.length;
    await drop(bob);
    expect((await ann.ask('presence:query', { userIds: [bobId] })).users[0]).toMatchObject({
      general: 'online',
      customStatus: 'bob',
    });
    await comeBack(bob);
    await settle(ann);
    expect(ann.frames.length - frames).toBe(2); // the replies to the query and to settle
    expect(await bob.connectionId()).toBe(connectionId);

    await bob.setStatus('still me');
    await cat.setStatus('still followed');
    await settle(ann, bob);
    expect(ann.deltas.at(-1)?.joins).toEqual([{ userId: bobId, connectionId, status: 'still me' }]);
    expect(bob.statusesOf(catId)).toEqual(['still followed']);
    expectSound(ann, bob, cat);
  });

  test('on return: the welcome first, then one complete snapshot of what it missed, and the full state', async () => {
    const [bobId, catId, dogId, elkId] = [fresh('bob'), fresh('cat'), fresh('dog'), fresh('elk')];
    const cat = await person(server, catId, room, { status: 'cat 1' });
    const dog = await person(server, dogId, room, { status: 'dog 1' });
    const bob = await person(server, bobId, room, { status: 'bob' });
    bob.reconnectFast();
    bob.room.reconnection.minDelay = 300;
    bob.room.reconnection.maxDelay = 300;
    await bob.follow([catId, dogId, elkId]);
    await settle(bob);
    bob.clear();
    await drop(bob);
    await cat.setStatus('cat 2');
    await dog.leave();
    const elk = await person(server, elkId, room, { status: 'elk' });
    await settle(cat, elk);
    expect(bob.frames).toEqual([]);
    await comeBack(bob);

    const kinds = bob.heard
      .filter(({ kind }) => kind !== 'other' && kind !== 'response')
      .map((entry) => (entry.kind === 'message' ? entry.type : entry.kind))
      .filter((kind) => kind !== 'rooms');
    expect(kinds.filter((kind) => kind === 'state')).toHaveLength(1);
    expect(kinds.filter((kind) => kind !== 'state')).toEqual(['presence:welcome', 'presence:snapshot']);
    const [snapshot] = bob.snapshots;
    expect(snapshot?.complete).toBe(true);
    expect(new Set(snapshot?.userIds)).toEqual(new Set([bobId, catId, dogId, elkId]));
    expect(snapshot?.presences.map(({ status }) => status).sort()).toEqual(['bob', 'cat 2', 'elk']);
    expect(snapshot?.users).toEqual([{ userId: dogId, general: 'unlogined' }]);
    const { users, me } = bob.state;
    expect(Object.keys(users).sort()).toEqual([catId, dogId, elkId].sort());
    expect(Object.values(users[catId]?.connections ?? {}).map(({ status }) => status)).toEqual(['cat 2']);
    expect(users[dogId]).toMatchObject({ general: 'unlogined', connections: {} });
    expect(users[elkId]?.general).toBe('online');
    expect(Object.values(me?.connections ?? {}).map(({ status }) => status)).toEqual(['bob']);

    await cat.setStatus('cat 3');
    await until(() => bob.statusesOf(catId)[0] === 'cat 3', 'life to go on');
    expect(Object.values(bob.state.users[catId]?.connections ?? {}).map(({ status }) => status)).toEqual(['cat 3']);
    expectSound(bob);
  });

  test('what the server followed or unfollowed for a dropped connection is there on return', async () => {
    const [bobId, catId, dogId] = [fresh('bob'), fresh('cat'), fresh('dog')];
    await person(server, catId, room, { status: 'cat' });
    await person(server, dogId, room, { status: 'dog' });
    const bob = await person(server, bobId, room);
    bob.reconnectFast();
    await bob.follow([catId]);
    await drop(bob);
    void presence.unfollow({ userId: bobId }, [catId]);
    void presence.follow({ userId: bobId }, [dogId]);
    await comeBack(bob);
    expect(Object.keys(bob.state.users)).toEqual([dogId]);
    expect([...bob.mirror.held.values()].map(({ userId }) => userId)).toEqual([dogId]);
  });

  test('dropped again and again, while friends change all the time: the last values are right, nothing twice', async () => {
    const [bobId, catId] = [fresh('bob'), fresh('cat')];
    const cat = await person(server, catId, room, { status: 'start' });
    const bob = await person(server, bobId, room, { status: 'bob' });
    bob.reconnectFast();
    await bob.follow([catId]);
    for (let i = 0; i < 5; i++) {
      const goOn = { is: true };
      const changes = (async () => {
        for (let n = 0; goOn.is; n++) {
          await cat.setStatus(`${i}-${n}`);
        }
      })();
      await drop(bob);
      await comeBack(bob);
      goOn.is = false;
      await changes;
      await settle(cat, bob);
      expect(bob.statusesOf(catId)).toEqual(cat.statusesOf(catId));
      expect(Object.values(bob.state.users[catId]?.connections ?? {}).map(({ status }) => status)).toEqual(
        cat.statusesOf(catId),
      );
      expectSound(bob, cat);
    }
  });

  test('the client clears its status while it is away, from another device: followers hear it then', async () => {
    const [bobId, annId] = [fresh('bob'), fresh('ann')];
    const bob = await person(server, bobId, room, { status: 'bob' });
    const ann = await person(server, annId, room);
    await ann.follow([bobId]);
    await drop(bob, true);
    void presence.setStatus({ userId: bobId }, null);
    await until(() => ann.sees(bobId).length === 0, 'the leave');
    expect(ann.deltas).toHaveLength(1);
  });
});

describe.each(ROOMS)('rule 6, the end of the grace, in a %s room', (room) => {
  test('a player that does not come back leaves when the grace is over, exactly once', async () => {
    const server = await startServer({ graceSeconds: 0.3 });
    try {
      const [bob, ann] = [await person(server, 'bob', room, { status: 'bob' }), await person(server, 'ann', room)];
      await ann.follow(['bob']);
      await bob.follow(['ann']);
      const connectionId = await bob.connectionId();
      await drop(bob, true);
      await settle(ann);
      expect(ann.deltas).toEqual([]);
      await until(() => ann.deltas.length > 0, 'the leave');
      await settle(ann);
      expect(ann.deltas).toEqual([
        {
          joins: [],
          leaves: [{ userId: 'bob', connectionId, status: 'bob' }],
          users: [{ userId: 'bob', general: 'offline' }],
        },
      ]);
      expect(presence.count().connections).toBe(1);
    } finally {
      await server.stop();
    }
  });

  test('a player that leaves with consent gets no grace', async () => {
    const server = await startServer({ graceSeconds: 60 });
    try {
      const [bob, ann] = [await person(server, 'bob', room, { status: 'bob' }), await person(server, 'ann', room)];
      await ann.follow(['bob']);
      await bob.leave();
      await until(() => ann.deltas.length > 0, 'the leave');
      expect(ann.deltas[0]?.users).toEqual([{ userId: 'bob', general: 'unlogined' }]);
    } finally {
      await server.stop();
    }
  });

  test('a player that is kicked with a normal closure (1000) gets no grace', async () => {
    const server = await startServer({ graceSeconds: 60 });
    try {
      const [bob, ann] = [await person(server, 'bob', room, { status: 'bob' }), await person(server, 'ann', room)];
      await ann.follow(['bob']);
      serverRoom(bob).kickClient(bob.room.sessionId, 1000, 'replaced');
      await until(() => ann.deltas.length > 0, 'the leave');
      expect(ann.deltas[0]?.users).toEqual([{ userId: 'bob', general: 'offline' }]);
      expect(serverRoom(ann).clients).toHaveLength(1);
    } finally {
      await server.stop();
    }
  });

  test('with graceSeconds 0 a drop is a leave at once', async () => {
    const server = await startServer({ graceSeconds: 0 });
    try {
      const [bob, ann] = [await person(server, 'bob', room, { status: 'bob' }), await person(server, 'ann', room)];
      await ann.follow(['bob']);
      await drop(bob, true);
      await until(() => ann.deltas.length > 0, 'the leave');
      expect(serverRoom(ann).clients).toHaveLength(1);
      expect(ann.deltas[0]?.users).toEqual([{ userId: 'bob', general: 'offline' }]);
    } finally {
      await server.stop();
    }
  });
});
