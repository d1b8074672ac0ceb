/** Run as a process of its own: a presence server on the given port, which a SIGTERM shuts down gracefully. */
import { defineRoom, defineServer } from '@colyseus/core';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { PresenceRoom } from '../../src/index.ts';
// Also installs the tests' way to tell users apart.
import '../support/server.ts';

const server = defineServer({
  transport: new WebSocketTransport(),
  greet: false,
  rooms: { presence: defineRoom(PresenceRoom.configure({ graceSeconds: 1 })) },
});
await server.listen(Number(process.argv[2]));
process.send?.('ready');
