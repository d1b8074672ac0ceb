/** `room.state` as the SDK gives it to a game. */
import { Callbacks, getStateCallbacks } from '@colyseus/sdk';
import { decode } from '@colyseus/schema';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { expectNoDecoderComplaints } from '../support/decoder-complaints.ts';
import type { PresenceRoom } from '../../src/index.ts';
import { PresenceState } from '../../src/wire/state.ts';
import { comeBack, drop } from '../support/drop.ts';
import { fresh, person, Person, ROOMS, settle, type PlainState } from '../support/person.ts';
import { rawJoin } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { StateReader } from '../support/state-reader.ts';
import { until } from '../support/until.ts';

expectNoDecoderComplaints();

describe.each(ROOMS)('the state, in a %s room', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ rateLimit: 1000, maxFollows: 50, evict: 'oldest' });
  });
  afterAll(async () => {
    await server.stop();
  });

  test('me is the own user, with all its visible connections', async () => {
    const annId = fresh('ann');
    const pc = await person(server, `${annId}|Ann`, room, { status: '{"matchId":"m1"}' });
    const phone = await person(server, `${annId}|Ann`, room, { status: 'phone' });
    const hidden = await person(server, `${annId}|Ann`, room);
    await settle(pc, phone, hidden);
    const [one, two] = [await pc.connectionId(), await phone.connectionId()];
    for (const device of [pc, phone, hidden]) {
      expect(device.state).toEqual({
        me: {
          userId: annId,
          username: 'Ann',
          general: 'online',
          connections: {
            [one]: { connectionId: one, status: '{"matchId":"m1"}', matchId: 'm1', match: '{"verified":false}' },
            [two]: { connectionId: two, status: 'phone', matchId: '', match: '' },
          },
        },
        users: {},
      });
    }
    await Promise.all([pc.setStatus(null), phone.setStatus(null)]);
    await settle(pc, phone, hidden);
    expect(hidden.state.me).toEqual({ userId: annId, username: 'Ann', general: 'offline', connections: {} });
  });

  test('users are exactly the followed ones, the offline ones included', async () => {
    const [b, c, d, e] = [fresh('bob'), fresh('cat'), fresh('dog'), fresh('elk')];
    const bob = await person(server, `${b}|Bob`, room, { status: 'here' });
    const cat = await person(server, c, room, { status: 'x' });
    await cat.setStatus(null);
    const elk = await person(server, e, room, { status: 'not followed' });
    const ann = await person(server, fresh('ann'), room);
    await ann.follow([b, c, d]);
    await settle(ann);
    const connectionId = await bob.connectionId();
    expect(ann.state.users).toEqual({
      [b]: {
        userId: b,
        username: 'Bob',
        general: 'online',
        connections: { [connectionId]: { connectionId, status: 'here', matchId: '', match: '' } },
      },
      [c]: { userId: c, username: '', general: 'offline', connections: {} },
      [d]: { userId: d, username: '', general: 'unlogined', connections: {} },
    });
    await bob.setStatus('{"matchId":"m1"}');
    await settle(ann);
    expect(ann.state.users[b]?.connections[connectionId]).toEqual({
      connectionId,
      status: '{"matchId":"m1"}',
      matchId: 'm1',
      match: '{"verified":false}',
    });
    await bob.setStatus('out of the match');
    await settle(ann);
    expect(ann.state.users[b]?.connections[connectionId]).toEqual({
      connectionId,
      status: 'out of the match',
      matchId: '',
      match: '',
    });
    await bob.leave();
    await until(() => ann.state.users[b]?.general === 'unlogined', 'Bob to be gone');
    expect(ann.state.users[b]).toEqual({ userId: b, username: 'Bob', general: 'unlogined', connections: {} });
    await ann.unfollow([b, d]);
    await settle(ann);
    expect(Object.keys(ann.state.users)).toEqual([c]);
    expect(elk.room.connection.isOpen).toBe(true);
  });

  test('an evicted user leaves the state in the patch that brings the new one', async () => {
    const ann = await person(server, fresh('ann'), room);
    await ann.follow(Array.from({ length: 50 }, (_, i) => `u${i}`));
    const { evicted } = await ann.follow(['one more', 'and another']);
    await settle(ann);
    expect(evicted).toEqual(['u0', 'u1']);
    expect(Object.keys(ann.state.users)).toHaveLength(50);
    expect(Object.keys(ann.state.users)).toEqual(expect.arrayContaining(['one more', 'and another', 'u2']));
  });

  test('follows made before the join is complete are in the full state', async () => {
    const b = fresh('bob');
    const bob = await person(server, b, room, { status: 'here' });
    const joined = await server.client(fresh('ann')).joinOrCreate<PresenceRoom>(room);
    // The SDK resolves before it acknowledges the join.
    void joined.request('presence:follow', { userIds: [b] });
    const ann = new Person(joined);
    await until(() => b in ((ann.state as Partial<PlainState>).users ?? {}), 'the follow in the state');
    await bob.setStatus('changed');
    await until(() => Object.values(ann.state.users[b]?.connections ?? {})[0]?.status === 'changed', 'the change');
    await ann.leave();
  });

  test('a client with nothing new receives no frame, and one that follows gets one patch per change, whatever else goes on', async () => {
    const [b, annId] = [fresh('bob'), fresh('ann')];
    const [bob, ann, idle] = [
      await person(server, b, room, { status: 'x' }),
      await person(server, annId, room),
      await person(server, fresh('idle'), room),
    ];
    await ann.follow([b]);
    await settle(ann, idle, bob);
    [ann, idle, bob].forEach((one) => {
      one.clear();
    });
    for (let i = 0; i < 5; i++) {
      await bob.setStatus(`${i}`);
      await settle(bob);
    }
    await settle(ann);
    expect(idle.frames).toEqual([]);
    expect(ann.heard.filter(({ kind }) => kind === 'patch')).toHaveLength(5);
    expect(bob.heard.filter(({ kind }) => kind === 'patch')).toHaveLength(5);
  });

  test("sync 'deltas': no patch ever, no state beyond the empty one; the messages are the same", async () => {
    const b = fresh('bob');
    const bob = await person(server, b, room, { status: 'x' });
    const ann = await person(server, fresh('ann'), room, { sync: 'deltas', status: '' });
    ann.reconnectFast();
    await ann.follow([b]);
    await bob.setStatus('y');
    await settle(ann);
    expect(ann.statusesOf(b)).toEqual(['y']);
    await drop(ann);
    await comeBack(ann);
    await until(() => ann.snapshots.length > 0, 'the snapshot');
    await ann.unfollow([b]);
    await settle(ann);
    expect(ann.heard.filter(({ kind }) => kind === 'patch')).toEqual([]);
    expect(ann.state).toEqual({ users: {} });
    expect(ann.mirror.problems).toEqual([]);
  });

  test("sync 'state': no presence message ever but replies; the state is the same", async () => {
    const b = fresh('bob');
    const bob = await person(server, b, room, { status: 'x' });
    const annId = fresh('ann');
    const ann = await person(server, annId, room, { sync: 'state', status: 'me' });
    ann.reconnectFast();
    await until(() => ann.state.me?.userId === annId, 'the state');
    await ann.follow([b], 'send');
    await bob.setStatus('y');
    await settle(ann);
    expect(Object.values(ann.state.users[b]?.connections ?? {}).map(({ status }) => status)).toEqual(['y']);
    expect(Object.values(ann.state.me?.connections ?? {}).map(({ status }) => status)).toEqual(['me']);
    await drop(ann);
    await bob.setStatus('while away');
    await comeBack(ann);
    expect(Object.values(ann.state.users[b]?.connections ?? {}).map(({ status }) => status)).toEqual(['while away']);
    await bob.leave();
    await until(() => ann.state.users[b]?.general === 'unlogined', 'Bob to be gone');
    const types = ann.heard
      .flatMap((entry) => (entry.kind === 'message' ? [entry.type] : []))
      .filter((type) => type !== 'rooms');
    expect(new Set(types)).toEqual(new Set(['presence:reply']));
  });

  test('the callbacks of the SDK fire: onAdd, onRemove, listen; for users and their connections', async () => {
    const b = fresh('bob');
    const ann = await person(server, fresh('ann'), room);
    await settle(ann);
    const told: string[] = [];
    const callbacks = Callbacks.get(ann.room);
    callbacks.onAdd('users', (user, userId) => {
      told.push(`+ ${userId}`);
      callbacks.listen(user, 'general', (general) => {
        told.push(`general ${general}`);
      });
      callbacks.onAdd(user, 'connections', (connection) => {
        told.push(`+ connection ${connection.status}`);
        callbacks.listen(
          connection,
          'status',
          (status, before) => {
            told.push(`status ${before} → ${status}`);
          },
          false,
        );
      });
      callbacks.onRemove(user, 'connections', (connection) => {
        told.push(`- connection ${connection.status}`);
      });
    });
    callbacks.onRemove('users', (_, userId) => {
      told.push(`- ${userId}`);
    });
    const take = (): string[] => told.splice(0);

    await ann.follow([b]);
    await settle(ann);
    expect(take()).toEqual([`+ ${b}`, 'general unlogined']);
    const bob = await person(server, b, room, { status: 'one' });
    await until(() => told.length > 1, 'Bob');
    await settle(ann);
    // A listener that is added by a patch may hear of that patch.
    expect(
      take()
        .filter((line) => line !== 'status undefined → one')
        .sort(),
    ).toEqual(['+ connection one', 'general online']);
    await bob.setStatus('two');
    await settle(ann);
    expect(take()).toEqual(['status one → two']);
    await bob.setStatus(null);
    await settle(ann);
    expect(take().sort()).toEqual(['- connection two', 'general offline']);
    await ann.unfollow([b]);
    await settle(ann);
    expect(take()).toEqual([`- ${b}`]);
    await bob.setStatus('unheard');
    await settle(ann);
    expect(take()).toEqual([]);
    await ann.follow([b]);
    await settle(ann);
    expect(take()).toContain(`+ ${b}`);
  });

  test('the older callback proxy fires too, and a reconnection tells what is gone by onRemove', async () => {
    const [b, c] = [fresh('bob'), fresh('cat')];
    const [bob, cat] = [await person(server, b, room, { status: 'b' }), await person(server, c, room, { status: 'c' })];
    const ann = await person(server, fresh('ann'), room);
    ann.reconnectFast();
    ann.room.reconnection.minDelay = 200;
    ann.room.reconnection.maxDelay = 200;
    await ann.follow([b, c]);
    await settle(ann);
    const told: string[] = [];
    const $ = getStateCallbacks(ann.room);
    const { state } = ann.room;
    $?.(state).users.onAdd((user) => {
      told.push(`+ ${user.userId}`);
      $(user).connections.onRemove((connection) => {
        told.push(`- ${connection.status}`);
      });
    });
    expect(told.splice(0).sort()).toEqual([`+ ${b}`, `+ ${c}`].sort());
    const kept = state.users.get(b);
    await drop(ann);
    await bob.setStatus('b 2');
    await cat.leave();
    await comeBack(ann);
    await settle(ann);
    expect(told).toEqual(['- c']);
    expect(state.users.get(b)).toBe(kept);
    expect([...(kept?.connections.values() ?? [])].map(({ status }) => status)).toEqual(['b 2']);
  });

  test('every number in the frames is the same as a 32-bit float, as which Unity reads them', async () => {
    const friends = Array.from({ length: 40 }, () => fresh('friend'));
    const online = await Promise.all(friends.slice(0, 10).map((id) => person(server, `${id}|${id}`, room)));
    const ann = await rawJoin(server, fresh('ann'), room, { status: 'here' });
    ann.burst([['presence:follow', { userIds: friends, cid: 1 }]]);
    const seen = new StateReader();
    await until(() => seen.read(ann.frames).users.size === friends.length, 'the follows in the state');
    for (const status of ['one', '{"matchId":"m1"}', null, 'three']) {
      await Promise.all(online.map((friend) => friend.setStatus(status)));
      await settle(...online);
    }
    const statuses = (reader: StateReader): string[] =>
      [...reader.read(ann.frames).users.values()].flatMap(({ connections }) =>
        [...connections.values()].map(({ status }) => status),
      );
    await until(() => statuses(seen).filter((status) => status === 'three').length === 10, 'the last statuses');

    const numbers: number[] = [];
    const { number } = decode;
    const spy = vi.spyOn(decode, 'number').mockImplementation((bytes, it) => {
      const read = number(bytes, it);
      numbers.push(read);
      return Math.fround(read);
    });
    const unity = new StateReader();
    const state = JSON.stringify(unity.read(ann.frames));
    spy.mockRestore();
    expect(state).toBe(JSON.stringify(seen.read(ann.frames)));
    expect(numbers.length).toBeGreaterThan(300);
    expect(numbers.filter((read) => Math.fround(read) !== read || read >= 2 ** 24)).toEqual([]);
    ann.socket.close();
  });

  test('a client that brings its own schema classes, and so skips the handshake', async () => {
    const b = fresh('bob');
    await person(server, b, room, { status: 'x' });
    const joined = await server.client(fresh('ann')).joinOrCreate(room, {}, PresenceState as never);
    const ann = new Person(joined as never);
    await until(() => (joined.state as unknown as PresenceState).me !== undefined, 'the full state');
    expect(joined.state).toBeInstanceOf(PresenceState);
    await ann.follow([b]);
    await until(() => (joined.state as unknown as PresenceState).users.get(b)?.general === 'online', 'Bob');
    await joined.leave();
  });
});
