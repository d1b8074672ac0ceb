/** Players handed off by a room that shuts down, in a process that lives on: another of its rooms still plays its match to the end. */
import { CloseCode, matchMaker } from '@colyseus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLUSTER_DEFAULTS, type ClusterOptions } from '../../src/options.ts';
import { PresenceCluster } from '../../src/cluster/presence-cluster.ts';
import { currentRuntime } from '../../src/server/runtime.ts';
import { FakeHost } from '../cluster/support/fake-host.ts';
import { person, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const CLUSTER: ClusterOptions = {
  ...CLUSTER_DEFAULTS,
  enabled: true,
  prefix: 'review-handoff',
  heartbeatMs: 50,
  leaseMs: 1000,
  handoffMs: 300,
};
const silent = { info: () => {}, warn: () => {}, error: () => {} };
let server: TestServer;
let neighbour: PresenceCluster;

beforeEach(async () => {
  server = await startServer({ cluster: CLUSTER });
  neighbour = new PresenceCluster(new FakeHost(), {
    presence: matchMaker.presence,
    incarnation: 'neighbour',
    options: CLUSTER,
    rememberOfflineHours: 1,
    log: silent,
  });
});
afterEach(async () => {
  await neighbour.stop();
  await server.stop();
});

async function shutDownRoomOf(who: Person): Promise<void> {
  await until(() => currentRuntime(CLUSTER.prefix)!.tracker.cluster.canHandOff, 'somebody to hand off to');
  who.room.reconnection.enabled = false;
  await matchMaker.getLocalRoomById(who.room.roomId).disconnect(CloseCode.SERVER_SHUTDOWN);
}

test('a player that does not come back goes offline when the handoff is over', async () => {
  const fan = await person(server, 'fan', 'lobby', { sync: 'deltas' });
  const ann = await person(server, 'ann', 'presence', { status: 'here' });
  await neighbour.start();
  await fan.follow(['ann']);
  await shutDownRoomOf(ann);
  const delta = await until(() => fan.deltas[0], 'ann to leave', 3000);
  expect(delta).toMatchObject({
    joins: [],
    leaves: [{ userId: 'ann', status: 'here' }],
    users: [{ userId: 'ann', general: 'offline' }],
  });
  await fan.unfollow(undefined);
  expect(currentRuntime(CLUSTER.prefix)!.tracker.users.byId.has('ann')).toBe(false);
});

test('a player that comes back in time, to another room of the process, stays online', async () => {
  const fan = await person(server, 'fan', 'lobby', { sync: 'deltas' });
  const ann = await person(server, 'ann', 'presence', { status: 'here' });
  await neighbour.start();
  await fan.follow(['ann']);
  const resume = await ann.connectionId();
  await shutDownRoomOf(ann);
  const again = await person(server, 'ann', 'lobby', { status: 'here', resume });
  expect(await again.connectionId()).toBe(resume);
  const bob = await person(server, 'bob', 'presence', { status: 'here' });
  await fan.follow(['bob']);
  await shutDownRoomOf(bob);
  // Bob, who was handed off later, is gone: so was the time for ann.
  await until(
    () => fan.deltas.find(({ leaves }) => leaves.some(({ userId }) => userId === 'bob')),
    'bob to leave',
    3000,
  );
  expect(fan.statusesOf('ann')).toEqual(['here']);
  expect(fan.deltas).toHaveLength(1);
});
