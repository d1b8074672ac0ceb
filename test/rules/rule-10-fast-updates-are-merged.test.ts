import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presence } from '../../src/index.ts';
import { expectSound, fresh, person, ROOMS, settle } from '../support/person.ts';
import { rawJoin } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const status = (text: string | null): readonly [string, unknown] => ['presence:status', { status: text }];

describe.each(ROOMS)('rule 10, in a %s room', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ rateLimit: 100_000, floodLimit: 100_000 });
  });
  afterAll(async () => {
    await server.stop();
  });

  test('50 updates in one turn are one delta and one patch: the first old value and the last new one', async () => {
    const [b, ann] = [fresh('bob'), fresh('ann')];
    const bob = await rawJoin(server, b, room, { status: 'start' });
    const viewer = await person(server, ann, room);
    await viewer.follow([b]);
    await settle(viewer);
    viewer.clear();
    bob.burst(Array.from({ length: 50 }, (_, i) => status(`n${i}`)));
    await until(() => viewer.statusesOf(b)[0] === 'n49', 'the last value');
    await settle(viewer);
    expect(viewer.deltas).toEqual([
      { leaves: [expect.objectContaining({ status: 'start' })], joins: [expect.objectContaining({ status: 'n49' })] },
    ]);
    expect(viewer.heard.map(({ kind }) => kind)).toEqual(['message', 'patch', 'response']);
    expect(Object.values(viewer.state.users[b]?.connections ?? {}).map((one) => one.status)).toEqual(['n49']);
    bob.socket.close();
  });

  test.each([
    ['a → b → a', 'a', ['b', 'a'] as const],
    ['a → none → a', 'a', [null, 'a'] as const],
    ['none → a → none', null, ['a', null] as const],
    ['none → a → b → none', null, ['a', 'b', null] as const],
    ['a → none → b → none → a', 'a', [null, 'b', null, 'a'] as const],
  ])('%s cancels itself out: no frame; and what comes after is still right', async (_, start, changes) => {
    const [b, ann] = [fresh('bob'), fresh('ann')];
    const bob = await rawJoin(server, b, room, { status: 'before' });
    const viewer = await person(server, ann, room);
    await viewer.follow([b]);
    bob.burst([status(start)]);
    await until(() => viewer.statusesOf(b)[0] === (start ?? undefined), 'the start');
    await settle(viewer);
    const frames = viewer.frames.length;
    bob.burst([...changes.map(status), ['presence:query', { userIds: [b], cid: 1 }]]);
    await until(() => bob.of('presence:reply').length > 0, 'the server to have read them');
    await settle(viewer);
    expect(viewer.frames.length - frames).toBe(1); // the reply of settle
    bob.burst([status('after')]);
    await until(() => viewer.statusesOf(b)[0] === 'after', 'the next status');
    await settle(viewer);
    expect(Object.values(viewer.state.users[b]?.connections ?? {}).map((one) => one.status)).toEqual(['after']);
    expect(viewer.state.users[b]?.general).toBe('online');
    expectSound(viewer);
    bob.socket.close();
  });

  test('none → a → none in one turn, of a user never seen before: no presence, only that it is offline now', async () => {
    const [b, ann] = [fresh('bob'), fresh('ann')];
    const bob = await rawJoin(server, b, room);
    const viewer = await person(server, ann, room);
    await viewer.follow([b]);
    await settle(viewer);
    bob.burst([status('a'), status(null)]);
    await until(() => viewer.deltas.length > 0, 'the delta');
    expect(viewer.deltas).toEqual([{ joins: [], leaves: [], users: [{ userId: b, general: 'offline' }] }]);
    bob.socket.close();
  });

  test('a → none → b in one turn is an update, and the connection stays the same structure', async () => {
    const [b, ann] = [fresh('bob'), fresh('ann')];
    const bob = await rawJoin(server, b, room, { status: 'a' });
    const viewer = await person(server, ann, room);
    await viewer.follow([b]);
    await settle(viewer);
    viewer.clear();
    bob.burst([status(null), status('b')]);
    await until(() => viewer.statusesOf(b)[0] === 'b', 'b');
    expect(viewer.deltas).toEqual([
      { leaves: [expect.objectContaining({ status: 'a' })], joins: [expect.objectContaining({ status: 'b' })] },
    ]);
    for (const next of ['c', 'd']) {
      bob.burst([status(next)]);
      await until(() => viewer.statusesOf(b)[0] === next, next);
      await settle(viewer);
      expect(Object.values(viewer.state.users[b]?.connections ?? {}).map((one) => one.status)).toEqual([next]);
    }
    bob.burst([status(null)]);
    await until(() => viewer.sees(b).length === 0, 'nothing');
    await settle(viewer);
    expect(viewer.state.users[b]).toMatchObject({ general: 'offline', connections: {} });
    expectSound(viewer);
    bob.socket.close();
  });

  test('changes of several users in one turn come as one delta', async () => {
    const ids = Array.from({ length: 20 }, () => fresh('friend'));
    for (const id of ids) {
      await person(server, id, room, { status: 'one' });
    }
    const viewer = await person(server, fresh('ann'), room);
    await viewer.follow(ids);
    viewer.clear();
    for (const userId of ids) {
      void presence.setStatus({ userId }, 'two');
    }
    await settle(viewer);
    expect(viewer.deltas).toHaveLength(1);
    expect(viewer.deltas[0]?.joins.map(({ userId }) => userId)).toEqual(ids);
    expectSound(viewer);
  });

  test('storms: whatever is merged, each follower ends with the last values and never sees a contradiction', async () => {
    const ids = Array.from({ length: 5 }, () => fresh('friend'));
    const friends = await Promise.all(ids.map(async (id) => rawJoin(server, id, room, { status: 'start' })));
    const viewers = await Promise.all(Array.from({ length: 5 }, async () => person(server, fresh('ann'), room)));
    await Promise.all(viewers.map(async (viewer) => viewer.follow(ids)));
    for (let round = 0; round < 20; round++) {
      friends.forEach((friend, f) => {
        friend.burst(Array.from({ length: 10 }, (_, i) => status((i + f + round) % 4 === 0 ? null : `${round}.${i}`)));
        friend.burst([status(`end of ${round}`)]);
      });
    }
    await until(
      () => viewers.every((viewer) => ids.every((id) => viewer.statusesOf(id)[0] === 'end of 19')),
      'the last values',
    );
    await settle(...viewers);
    for (const viewer of viewers) {
      for (const id of ids) {
        expect(Object.values(viewer.state.users[id]?.connections ?? {}).map((one) => one.status)).toEqual([
          'end of 19',
        ]);
      }
    }
    expectSound(...viewers);
    friends.forEach((friend) => {
      friend.socket.close();
    });
  });
});
