/** A server whose room goes while a dropped player still has a minute: when all is closed, the process has to end by itself. */
import { matchMaker } from '@colyseus/core';
import { rawJoin } from '../../support/raw.ts';
import { startServer } from '../../support/server.ts';
import { until } from '../../support/until.ts';

const server = await startServer({ graceSeconds: 60 });
const ann = await rawJoin(server, 'ann', 'presence', { status: '' });
const [listing] = await matchMaker.query({ name: 'presence' });
const room = matchMaker.getLocalRoomById(listing!.roomId);
ann.socket.terminate();
await until(() => room.clients.length === 0, 'the drop');
await room.disconnect();
await server.server.gracefullyShutdown(false);
console.log('closed');
