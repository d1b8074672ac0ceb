/** Run as a process of its own: presence rooms on a port, in the cluster of a Redis; tells its parent of every presence event. */
import { defineRoom, defineServer, matchMaker } from '@colyseus/core';
import { RedisPresence } from '@colyseus/redis-presence';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { PresenceRoom, PresenceServer, type PresenceEventMap } from '../../../src/index.ts';
// Also installs the tests' way to tell users apart.
import { freePort } from '../../support/server.ts';

export type FromProcess =
  { port: number } | { type: keyof PresenceEventMap; event: PresenceEventMap[keyof PresenceEventMap] };

const [redisUrl = '', prefix = ''] = process.argv.slice(2);
const tell = (message: FromProcess): void => {
  process.send?.(message);
};
const CLUSTER = { prefix, heartbeatMs: 200, leaseMs: 1000 };

const presence = new PresenceServer(CLUSTER);
for (const type of ['online', 'offline', 'status'] as const) {
  // Before the server listens, as a game's own code would.
  presence.on(type, (event) => {
    tell({ type, event });
  });
}

const server = defineServer({
  transport: new WebSocketTransport(),
  presence: new RedisPresence(redisUrl),
  selectProcessIdToCreateRoom: () => Promise.resolve(matchMaker.processId),
  greet: false,
  rooms: { presence: defineRoom(PresenceRoom.configure({ graceSeconds: 0, cluster: CLUSTER })) },
});
const port = await freePort();
await server.listen(port);
tell({ port });
