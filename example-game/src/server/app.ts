/** The server of the example: two rooms, the sign-in, the friends, and the built page. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { defineRoom, defineServer } from '@colyseus/core';
import { RedisDriver } from '@colyseus/redis-driver';
import { RedisPresence } from '@colyseus/redis-presence';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { presence } from 'colyseus-presence';
import { presenceMonitor } from 'colyseus-presence/monitor';
import express from 'express';
import { ARENA_ROOM, LOBBY_ROOM } from '../shared/rules.ts';
import { ArenaRoom } from './arena/arena-room.ts';
import { friendsApi } from './friends/api.ts';
import { friendsLobby } from './friends/friends-lobby.ts';
import { FriendStore } from './friends/store.ts';
import { nameAuth, useSecret } from './name-auth.ts';
import { probePort } from './ports.ts';

export interface AppOptions {
  /** 0 = any free port. */
  port: number;
  /** Signs the players' tokens. */
  secret: string;
  /** SQLite file with the friends; `:memory:` forgets them with the process. */
  friendsFile: string;
  /** Redis to share rooms and presence with other processes; without it this process is alone. */
  redisUrl?: string;
  /** `host:port` under which clients reach this very process. Needed with several processes. */
  publicAddress?: string;
}

const PAGE = fileURLToPath(new URL('../../dist', import.meta.url));

/**
 * Starts the server and resolves with its port. Stops gracefully on SIGTERM
 * and SIGINT. Rejects when the page is not built or the port is taken.
 */
export async function startApp({ port, secret, friendsFile, redisUrl, publicAddress }: AppOptions): Promise<number> {
  if (!existsSync(PAGE)) {
    throw new Error('The page is not built yet. Run "npm run build" in example-game first.');
  }
  // Asked for before the server is built: once it is, Colyseus prints a stack trace of its own.
  await probePort(port);
  useSecret(secret);
  const http = createServer();
  const friends = new FriendStore(friendsFile);

  const server = defineServer({
    rooms: {
      [LOBBY_ROOM]: defineRoom(friendsLobby(friends)),
      [ARENA_ROOM]: defineRoom(ArenaRoom).enableRealtimeListing(),
    },
    transport: new WebSocketTransport({ server: http }),
    express: (app) => {
      app.use(nameAuth((player) => friends.remember({ userId: player.userId, name: player.username })));
      app.use(friendsApi(friends));
      // For whoever is at the machine the game runs on: in production, give it an `auth`.
      if (process.env['NODE_ENV'] !== 'production') {
        app.use('/presence', presenceMonitor());
      }
      app.use(express.static(PAGE));
    },
    greet: false,
    ...(redisUrl !== undefined && { driver: new RedisDriver(redisUrl), presence: new RedisPresence(redisUrl) }),
    ...(publicAddress !== undefined && { publicAddress }),
  });

  server.onShutdown(() => friends.close());
  await server.listen(port);
  presence.start(); // Ready to take over players from a process that shuts down.
  return (http.address() as AddressInfo).port;
}
