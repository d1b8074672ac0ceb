/**
 * A real Colyseus server on a free port, and real SDK clients. Identity in
 * tests: the token is the user id (`id` or `id|username`); no token, no user.
 */
import { createServer } from 'node:net';
import { defineRoom, defineServer, Room, type AuthContext, type Presence, type Server } from '@colyseus/core';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { Client, type Room as ClientRoom } from '@colyseus/sdk';
import { PresenceLobbyRoom, PresenceRoom, type PresenceJoinOptions, type PresenceOptions } from '../../src/index.ts';

type RoomClass = Parameters<typeof defineRoom>[0];

function authByToken(token: string | undefined, _options?: unknown, _context?: AuthContext): unknown {
  if (token === undefined || token === '') {
    return true;
  }
  const [userId, username] = token.split('|');
  return { userId, ...(username !== undefined && { username }) };
}

// The default onAuth of every room, as @colyseus/auth installs one.
(Room as { onAuth: unknown }).onAuth = (token: string) => Promise.resolve(authByToken(token));

export interface TestServer {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
  /** An SDK client of this user, not joined to anything. */
  client(token?: string): Client;
  /** A joined room of this user. */
  join(token: string, options?: PresenceJoinOptions, roomName?: string): Promise<ClientRoom<PresenceRoom>>;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => {
        resolve(port);
      });
    });
  });
}

/** No limit on the messages a test may send in a loop, and any match that a status names is shown. */
const LENIENT: PresenceOptions = { floodLimit: Infinity, unverifiedMatches: 'show' };

/** Rooms `presence`, `lobby` (both with `options`), and those given. A client that answers no ping for two to three `pingInterval`s is dropped. */
export async function startServer(
  options: PresenceOptions = {},
  rooms: Record<string, RoomClass> = {},
  pingInterval = 1000,
  presence?: Presence,
): Promise<TestServer> {
  const port = await freePort();
  const definitions = Object.fromEntries(
    Object.entries(rooms).map(([name, room]) => [name, defineRoom(room).enableRealtimeListing()]),
  );
  const server = defineServer({
    transport: new WebSocketTransport({ pingInterval }),
    greet: false,
    gracefullyShutdown: false,
    ...(presence !== undefined && { presence }),
    rooms: {
      presence: defineRoom(PresenceRoom.configure({ ...LENIENT, ...options })),
      lobby: defineRoom(PresenceLobbyRoom.configure({ ...LENIENT, ...options })),
      ...definitions,
    },
  });
  await server.listen(port);
  const url = `http://127.0.0.1:${port}`;
  const joined: ClientRoom<PresenceRoom>[] = [];
  const client = (token?: string): Client => {
    const sdk = new Client(url);
    if (token !== undefined) {
      sdk.auth.token = token;
    }
    return sdk;
  };
  return {
    server,
    port,
    url,
    client,
    async join(token, joinOptions = {}, roomName = 'presence') {
      const room = await client(token).joinOrCreate<PresenceRoom>(roomName, joinOptions);
      joined.push(room);
      return room;
    },
    async stop() {
      for (const room of joined) {
        room.reconnection.enabled = false;
        room.removeAllListeners();
        room.connection.close();
      }
      await server.gracefullyShutdown(false);
    },
  };
}
