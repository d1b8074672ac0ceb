/** Boots a Colyseus server around one room class, the same way for every room that is measured. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineRoom, defineServer, matchMaker, Room, type ServerOptions } from '@colyseus/core';
import { RedisDriver } from '@colyseus/redis-driver';
import { RedisPresence } from '@colyseus/redis-presence';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { ROOM_NAME } from '../room-name.ts';
import type { Running } from './running.ts';

const SILENT = { debug() {}, error: console.error, info() {}, trace() {}, warn() {} };

/** A room class, as `defineRoom` takes it. */
export type RoomClass = Parameters<typeof defineRoom>[0];

export async function startColyseus(
  room: RoomClass,
  redisPort?: number,
  others: Readonly<Record<string, RoomClass>> = {},
): Promise<Running> {
  const http = createServer();
  const shared: Partial<ServerOptions> =
    redisPort === undefined
      ? {}
      : {
          presence: new RedisPresence(redisPort),
          driver: new RedisDriver(redisPort),
          selectProcessIdToCreateRoom: () => Promise.resolve(matchMaker.processId),
        };
  const server = defineServer({
    rooms: Object.fromEntries(
      Object.entries({ [ROOM_NAME]: room, ...others }).map(([name, it]) => [name, defineRoom(it)]),
    ),
    transport: new WebSocketTransport({ server: http }),
    greet: false,
    gracefullyShutdown: false,
    logger: SILENT,
    ...shared,
  });
  await server.listen(0, '127.0.0.1', 4096);
  return {
    port: (http.address() as AddressInfo).port,
    createRoom: async () => (await matchMaker.createRoom(ROOM_NAME, {})).roomId,
  };
}

/** A room in which nothing happens: what connections alone cost. The token is the user id. */
export class EmptyRoom extends Room {
  static override onAuth(token: string): Promise<unknown> {
    return Promise.resolve({ userId: token });
  }
}
