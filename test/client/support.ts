/** Client helpers against a real server of this process, and the means to break their connections. */
import { matchMaker, type Client as ServerClient, type Room as ServerRoom } from '@colyseus/core';
import type { Room } from '@colyseus/sdk';
import type { Socket } from 'node:net';
import { vi } from 'vitest';
import type { WebSocket } from 'ws';
import { PresenceClient, type Friend, type PresenceClientOptions } from '../../src/client/index.ts';
import type { Delta } from '../../src/protocol.ts';
import { until } from '../support/until.ts';
import type { TestServer } from '../support/server.ts';

/** Rejoins at once, and reconnects however young the room is. */
export const EAGER: PresenceClientOptions = {
  rejoin: { minMs: 1, maxMs: 20 },
  onRoom: (room) => {
    room.reconnection.minUptime = 0;
    room.reconnection.minDelay = 10;
    room.reconnection.delay = 10;
  },
};

export class Players {
  #server: TestServer;
  #joined: PresenceClient[] = [];

  constructor(server: TestServer) {
    this.#server = server;
  }

  async join(token: string, options: PresenceClientOptions = {}, roomName = 'presence'): Promise<PresenceClient> {
    const player = await PresenceClient.join(this.#server.client(token), roomName, { ...EAGER, ...options });
    this.#joined.push(player);
    return player;
  }

  /** Everybody leaves, and the server has noticed. */
  async clear(): Promise<void> {
    await Promise.all(this.#joined.splice(0).map((player) => player.leave()));
    await until(
      async () => (await matchMaker.query({})).every(({ clients }) => clients === 0),
      'the rooms to be empty',
    );
  }
}

export function serverRoom(room: Room): ServerRoom {
  return matchMaker.getLocalRoomById(room.roomId);
}

export function serverClient(room: Room): ServerClient {
  return serverRoom(room).clients.getById(room.sessionId) as ServerClient;
}

/** Cuts the socket without a goodbye. */
export function cut(player: PresenceClient): void {
  (serverClient(player.room).ref as unknown as WebSocket).terminate();
}

/** Keeps the SDK from reconnecting until the returned function is called. */
export function hold(player: PresenceClient): () => void {
  const { reconnection } = player.room;
  const { delay, minDelay, maxDelay } = reconnection;
  Object.assign(reconnection, { delay: 1, minDelay: 1, maxDelay: 1 });
  const { connection } = player.room;
  const reconnect = connection.reconnect.bind(connection);
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  connection.reconnect = (query) => {
    connection.reconnect = reconnect;
    Object.assign(reconnection, { delay, minDelay, maxDelay });
    void released.then(() => {
      reconnect(query);
    });
  };
  return release;
}

/** Holds back what the server sends to this player, and counts it; `uncork` sends it in one chunk. */
export function cork(player: PresenceClient): { frames: () => number; uncork: () => void } {
  const socket = serverClient(player.room).ref as unknown as WebSocket & { _socket: Socket };
  const send = vi.spyOn(socket, 'send');
  socket._socket.cork();
  return {
    frames: () => send.mock.calls.length,
    uncork: () => {
      send.mockRestore();
      socket._socket.uncork();
    },
  };
}

export function friendOf(player: PresenceClient, userId: string): Friend | undefined {
  return player.getSnapshot().find((friend) => friend.userId === userId);
}

/** Every delta from now on, as `+user status` and `-user status`. */
export function recordDeltas(player: PresenceClient): string[] {
  const seen: string[] = [];
  player.onDelta(({ joins, leaves }: Delta) => {
    seen.push(
      ...leaves.map(({ userId, status }) => `-${userId} ${status}`),
      ...joins.map(({ userId, status }) => `+${userId} ${status}`),
    );
  });
  return seen;
}
