/** Friends on different server processes look exactly like friends on one. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
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
  afterEach(async () => { await cluster.clear(); });
  afterAll(async () => { await cluster.stop(); });

  it.each(['presence', 'lobby'] as const)('hear of each other in snapshot, delta and state (%s room)', async (kind) => {
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
    expect(ann.deltas.at(-1)).toEqual({ leaves: [before], joins: [{ ...before, status, matchId: 'm1' }] });
    await until(() => ann.state.users[bobId]?.connections[connectionId]?.matchId === 'm1', 'the state');

    await bob.leave();
    await until(() => ann.sees(bobId).length === 0, 'the end');
    expect(ann.deltas.at(-1)).toEqual({
      leaves: [{ ...before, status, matchId: 'm1' }], joins: [], users: [{ userId: bobId, general: 'unlogined' }],
    });
    await until(() => ann.state.users[bobId]?.general === 'unlogined', 'the state');
    expect(ann.state.users[bobId]?.connections).toEqual({});
    expectSound(ann);
  });
});
