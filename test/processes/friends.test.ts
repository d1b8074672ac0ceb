/** Friends on different server processes look exactly like friends on one. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fresh, expectSound } from '../support/person.ts';
import { startCluster, type ServerProcess, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const redis = await startRedis({ own: true });

describe.skipIf(redis === null)('friends on different processes', () => {
  let cluster: TestCluster;
  let a: ServerProcess;
  let b: ServerProcess;

  beforeAll(async () => {
    cluster = await startCluster(redis!, ['a', 'b']);
    [a, b] = [cluster.get('a'), cluster.get('b')];
  });
  afterEach(async () => {
    await cluster.clear();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test.each(['presence', 'lobby'] as const)(
    'hear of each other in snapshot, delta and state (%s room)',
    async (kind) => {
      const [annId, bobId] = [fresh('ann'), fresh('bob')];
      const ann = await cluster.person(a, `${annId}|Ann`, { status: '' }, kind);
      const bob = await cluster.person(b, `${bobId}|Bob`, { status: 'first' }, kind);
      const connectionId = await bob.connectionId();

      await until(() => cluster.isAnnounced(bobId), 'bob to be announced');

      const { presences, users } = await ann.follow([bobId, 'nobody']);
      expect(presences).toEqual([{ userId: bobId, username: 'Bob', connectionId, status: 'first' }]);
      expect(users).toEqual([{ userId: 'nobody', general: 'unlogined' }]);
      await until(() => ann.state.users[bobId]?.connections[connectionId]?.status === 'first', 'the state');

      const status = JSON.stringify({ text: 'Playing', matchId: 'm1' });
      await bob.setStatus(status);
      await until(() => ann.statusesOf(bobId)[0] === status, 'the delta');
      const before = { userId: bobId, username: 'Bob', connectionId, status: 'first' };
      expect(ann.deltas.at(-1)).toEqual({
        leaves: [before],
        joins: [{ ...before, status, matchId: 'm1', match: { verified: false } }],
      });
      await until(() => ann.state.users[bobId]?.connections[connectionId]?.matchId === 'm1', 'the state');

      await bob.leave();
      await until(() => ann.sees(bobId).length === 0, 'the end');
      expect(ann.deltas.at(-1)).toEqual({
        leaves: [{ ...before, status, matchId: 'm1', match: { verified: false } }],
        joins: [],
        users: [{ userId: bobId, general: 'unlogined' }],
      });
      await until(() => ann.state.users[bobId]?.general === 'unlogined', 'the state');
      expect(ann.state.users[bobId]?.connections).toEqual({});
      expectSound(ann);
    },
  );

  test('see the devices of one user, on any process, as one user', async () => {
    const [annId, bobId, catId] = [fresh('ann'), fresh('bob'), fresh('cat')];
    const pc = await cluster.person(a, annId, { status: 'pc' });
    await until(() => cluster.isAnnounced(annId), 'the PC to be announced');
    const phone = await cluster.person(b, annId, { status: 'phone' });
    const friends = [await cluster.person(a, bobId), await cluster.person(b, catId)];
    const devices = [await pc.connectionId(), await phone.connectionId()];
    for (const friend of friends) {
      await friend.follow([annId]);
    }
    const everybody = [pc, phone, ...friends];
    const allSee = (...statuses: string[]): Promise<boolean> =>
      until(
        () => everybody.every((one) => one.statusesOf(annId).sort().join() === statuses.sort().join()),
        `everybody to see ${statuses.join(' and ')}`,
      );
    await allSee('pc', 'phone');
    for (const own of [pc, phone]) {
      await until(
        () =>
          Object.keys(own.state.me?.connections ?? {})
            .sort()
            .join() === [...devices].sort().join(),
        'both devices in the own state',
      );
    }

    await pc.setStatus('pc again');
    await allSee('pc again', 'phone');
    for (const friend of friends) {
      const { users } = await friend.ask('presence:query', { userIds: [annId] });
      expect(users).toMatchObject([{ userId: annId, general: 'online', customStatus: 'pc again' }]);
    }

    everybody.splice(1, 1);
    await phone.leave();
    await allSee('pc again');
    expect(
      [pc, ...friends]
        .flatMap(({ deltas }) => deltas)
        .filter(({ users }) => users !== undefined && users.some(({ general }) => general !== 'online')),
    ).toEqual([]);

    everybody.splice(0, 1);
    await pc.setStatus(null);
    await allSee();
    for (const friend of friends) {
      expect(friend.deltas.at(-1)).toMatchObject({ joins: [], users: [{ userId: annId, general: 'offline' }] });
    }
    expectSound(pc, ...friends);
  });

  test('an unfollow stops the deltas from there, and the last one the subscription', async () => {
    const [annId, bobId, catId] = [fresh('ann'), fresh('bob'), fresh('cat')];
    const ann = await cluster.person(a, annId);
    const cat = await cluster.person(a, catId);
    const bob = await cluster.person(b, bobId, { status: 'one' });
    await until(() => cluster.isAnnounced(bobId), 'bob to be announced');
    await ann.follow([bobId]);
    await cat.follow([bobId]);
    await ann.unfollow([bobId]);
    await bob.setStatus('two');
    await until(() => cat.statusesOf(bobId)[0] === 'two', 'the delta');
    expect(ann.deltas).toEqual([]);
    expect(await cluster.topics()).toContain(`presence:u:${bobId}`);
    await cat.unfollow(undefined);
    // bob's own process listens for his other devices.
    await until(
      async () => (await cluster.redis.cli('PUBSUB', 'NUMSUB', `presence:u:${bobId}`)) === `presence:u:${bobId}\n1`,
      'one subscriber',
    );
  });
});
