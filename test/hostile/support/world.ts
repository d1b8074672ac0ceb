/**
 * One world: a room with a tracker of its own, and players at recorded
 * sockets. Everything from the client object inward is the real thing.
 */
import { definePlugins, matchMaker, Protocol, Room, type AuthContext, type Client } from '@colyseus/core';
import { WebSocketClient } from '@colyseus/ws-transport';
import { PresenceServer } from '../../../src/server/presence-server.ts';
import { MatchPlugin, PresenceLobbyRoom, PresencePlugin, PresenceRoom } from '../../../src/index.ts';
import { pack } from 'msgpackr';
import { dataFrame, requestHead } from '../../support/raw.ts';
import { RecordedSocket } from './recorded-socket.ts';
import type { Stay } from '../../../src/core/stays.ts';
import type { Clockwork } from './clockwork.ts';
import type { ClusterOptions, PresenceJoinOptions, PresenceOptions } from '../../../src/index.ts';

export type RoomKind = 'presence' | 'lobby' | 'plugin';
export type Message = readonly [form: 'send' | 'request', type: string, payload: unknown];

/** What Colyseus keeps to itself and the transport calls. */
interface RoomInside {
  _onJoin(client: Client, context: AuthContext, connection?: { reconnectionToken: string }): Promise<void>;
}

const ROOM = 'world';
/** The name and the id of the match. */
export const MATCH = 'match';

let worlds = 0;

export class World {
  readonly #clockwork: Clockwork;
  /** A tracker of its own, in a room that has the same name in every world. */
  readonly #cluster: Partial<ClusterOptions>;
  readonly #api: PresenceServer;
  #room!: Room;
  /** The match of Secret, where a fact gives it one. */
  stay: Stay | undefined;
  #match: Room | undefined;

  /** `enabled`: other processes are looked for, in a store that is shared. */
  constructor(clockwork: Clockwork, enabled: boolean) {
    this.#clockwork = clockwork;
    this.#cluster = { prefix: `world${++worlds}`, enabled };
    this.#api = new PresenceServer(this.#cluster);
  }

  /** What the game's own server code may do. */
  get api(): PresenceServer {
    return this.#api;
  }

  async open(kind: RoomKind, given: PresenceOptions): Promise<this> {
    this.#clockwork.begin();
    const options = { floodLimit: Infinity, ...given, cluster: this.#cluster };
    matchMaker.defineRoomType(ROOM, roomClass(kind, options));
    const { roomId } = await matchMaker.createRoom(ROOM, {});
    this.#room = matchMaker.getLocalRoomById(roomId);
    this.#room.autoDispose = false;
    // Drives nothing but the room's clock.
    this.#room.patchRate = 500;
    // Until the store has answered for the first time, nobody waits for it.
    await this.#clockwork.pass(100);
    return this;
  }

  /** A match in which this user plays, with a socket that is not recorded. */
  async play(userId: string): Promise<void> {
    const cluster = this.#cluster;
    matchMaker.defineRoomType(
      MATCH,
      class extends Room {
        override plugins = definePlugins([new MatchPlugin({ cluster })]);
        override onCreate(): void {
          this.roomId = MATCH;
        }
      } as typeof Room,
    );
    const { roomId } = await matchMaker.createRoom(MATCH, {});
    this.#match = matchMaker.getLocalRoomById(roomId);
    this.#match.autoDispose = false;
    new Player(userId, this.#match, this.#clockwork, 'player').join({});
    await this.#clockwork.settle();
  }

  async close(): Promise<void> {
    void this.#room.disconnect();
    void this.#match?.disconnect();
    await this.#clockwork.pass(1000);
    matchMaker.removeRoomType(ROOM);
    matchMaker.removeRoomType(MATCH);
  }

  player(userId: string): Player {
    return new Player(userId, this.#room, this.#clockwork);
  }
}

function roomClass(kind: RoomKind, options: PresenceOptions): typeof Room {
  switch (kind) {
    case 'presence':
      return PresenceRoom.configure({ unverifiedMatches: 'show', ...options }) as unknown as typeof Room;
    case 'lobby':
      return PresenceLobbyRoom.configure({ unverifiedMatches: 'show', ...options }) as unknown as typeof Room;
    case 'plugin':
      return class extends Room {
        override plugins = definePlugins([new PresencePlugin({ unverifiedMatches: 'show', ...options })]);
      } as typeof Room;
  }
}

/** One player, with one connection at a time. */
export class Player {
  /** All that the server has sent it: when, and which bytes. */
  readonly record: string[] = [];
  readonly #userId: string;
  readonly #room: Room;
  readonly #clockwork: Clockwork;
  #client: WebSocketClient | undefined;
  #socket: RecordedSocket | undefined;
  #joins = 0;
  #requests = 0;
  readonly #seat: string;

  constructor(userId: string, room: Room, clockwork: Clockwork, seat = '') {
    this.#seat = seat;
    this.#userId = userId;
    this.#room = room;
    this.#clockwork = clockwork;
  }

  /** Whether its seat may still wait for it. */
  isLost = false;

  get isConnected(): boolean {
    return this.#socket?.readyState === 1;
  }

  /** Joins, and says `first` as soon as it has. */
  join(options: PresenceJoinOptions, first: readonly Message[] = []): void {
    const auth = {
      userId: this.#userId,
      username: this.#userId.toUpperCase(),
      sessionId: `${this.#userId}-${this.#seat}${++this.#joins}`,
    };
    this.#act(async () => {
      const { sessionId } = await matchMaker.reserveSeatFor(listingOf(this.#room), options, auth);
      await this.#enter(sessionId);
      this.say(first);
    });
  }

  /** The connection is lost, and the same player comes back for its seat. */
  comeBack(): void {
    const client = this.#client;
    if (client !== undefined && this.isLost) {
      this.isLost = false;
      this.#act(() => this.#enter(client.sessionId, client.reconnectionToken));
    }
  }

  async #enter(sessionId: string, reconnectionToken?: string): Promise<void> {
    const socket = new RecordedSocket((what) => this.record.push(`${this.#clockwork.now} ${what}`));
    const client = new WebSocketClient(sessionId, socket as unknown as WebSocketClient['ref']);
    const context = { token: this.#userId, headers: new Headers(), ip: '127.0.0.1' } as AuthContext;
    try {
      await (this.#room as unknown as RoomInside)._onJoin(
        client,
        context,
        reconnectionToken === undefined ? undefined : { reconnectionToken },
      );
    } catch (error) {
      this.record.push(`${this.#clockwork.now} refused: ${String(error)}`);
      socket.readyState = 3;
      return;
    }
    this.#client = client;
    this.#socket = socket;
    socket.write(Uint8Array.of(Protocol.JOIN_ROOM));
  }

  /** Writes these messages, which the server reads in one turn. */
  say(messages: readonly Message[]): void {
    this.#act(() => {
      for (const [form, type, payload] of messages) {
        this.#socket?.write(
          form === 'send'
            ? dataFrame(type, payload)
            : Buffer.concat([requestHead(++this.#requests, type), pack(payload)]),
        );
      }
    });
  }

  /** The invite it was told of last. */
  get lastInvite(): string {
    return [...this.record.join('\n').matchAll(/inviteId.([\w-]{22})/g)].at(-1)?.[1] ?? 'none';
  }

  /** The connection ends: 1000 without a way back, 1006 with the reconnection grace. */
  drop(code: 1000 | 1006): void {
    this.isLost ||= this.isConnected && code === 1006;
    this.#act(() => this.#socket?.end(code));
  }

  leave(): void {
    this.#act(() => this.#socket?.write(Uint8Array.of(Protocol.LEAVE_ROOM)));
  }

  /** Whether the player reads what it is sent. */
  reads(reads: boolean): void {
    if (this.#socket !== undefined) {
      this.#socket.bufferedAmount = reads ? 0 : 300_000;
    }
  }

  /** Begins it; what it waits for may be a timer, so nobody waits for it. */
  #act(act: () => unknown): void {
    this.#clockwork.as(this.#userId, act);
  }
}

function listingOf(room: Room): Parameters<typeof matchMaker.reserveSeatFor>[0] {
  return (room as unknown as { _listing: Parameters<typeof matchMaker.reserveSeatFor>[0] })._listing;
}
