/** Run as a process of its own, in a folder of its own: a presence server in Colyseus's devMode, on the given port. */
import { defineRoom, defineServer } from '@colyseus/core';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { PresenceRoom } from '../../src/index.ts';
// Also installs the tests' way to tell users apart.
import '../support/server.ts';

const server = defineServer({
  devMode: true,
  transport: new WebSocketTransport(),
  greet: false,
  rooms: { presence: defineRoom(PresenceRoom) },
});
await server.listen(Number(process.argv[2]));
process.send?.('ready');
