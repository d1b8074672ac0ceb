/**
 * Colyseus's LobbyRoom with presence in it: one connection gives a lobby UI
 * the list of rooms (`rooms`, `+`, `-`, `filter`) *and* the friends.
 *
 * Usage:
 *   defineServer({ rooms: {
 *     lobby: defineRoom(PresenceLobbyRoom),
 *     match: defineRoom(MatchRoom).enableRealtimeListing(),
 *   } })
 *
 * Differences from the stock lobby: a filter without a `name` does not hide
 * every room, a filter on metadata does not fail on rooms without any, nothing
 * that a client sends can throw, filters that follow each other within 250 ms are
 * answered by one `rooms`, and a client that does not read is not written to.
 */
import { LobbyRoom, type AuthContext, type Client } from '@colyseus/core';
import { keepSeat } from './grace.ts';
import { LobbyList } from './lobby-list.ts';
import { isNoMatch } from '../server/matchmaking.ts';
import { openEngine } from './open-engine.ts';
import { PresenceState } from '../wire/state.ts';
import { presenceMessages, type PresenceMessages } from './messages.ts';
import { resolveOptions, type PresenceOptions } from '../options.ts';
import type { PresenceEngine } from './engine.ts';
import type { PresenceEvents, PresenceJoinOptions } from '../protocol.ts';

type Listing = LobbyRoom['rooms'][number];
type LobbyMessages = LobbyRoom['messages'];
type LobbyOptions = LobbyRoom['clientOptions'][string];
type Filter = { name?: unknown; metadata?: unknown };

/** Milliseconds between two looks for clients that are owed the list. */
const LOOK_MS = 250;

export type LobbyEvents = PresenceEvents & {
  rooms: Listing[];
  '+': [roomId: string, room: Listing];
  '-': string;
};

export class PresenceLobbyRoom extends LobbyRoom {
  static {
    isNoMatch(this);
  }

  /** The options of this class of room. Set by {@link configure}, or by a subclass. */
  static options: PresenceOptions = {};

  /** This room with options, as a class to give to `defineRoom`. See `PresenceRoom.configure`. */
  static configure(options: PresenceOptions): typeof PresenceLobbyRoom {
    resolveOptions(options);
    return class extends PresenceLobbyRoom {
      static override options = options;
    };
  }

  declare '~state': PresenceState;
  declare '~client': Client<{ messages: LobbyEvents }>;
  declare messages: LobbyMessages & PresenceMessages;
  #engine!: PresenceEngine;
  override state = new PresenceState();
  readonly #options = resolveOptions((this.constructor as typeof PresenceLobbyRoom).options);
  readonly #list: LobbyList;
  readonly #fields = new WeakMap<object, ReadonlyArray<[string, unknown]>>();

  constructor() {
    super();
    this.maxClients = this.#options.maxClients;
    this.maxMessagesPerSecond = this.#options.floodLimit;
    this.#list = new LobbyList(this, (client, room) => this.#wants(client, room), this.#options.maxBufferedBytes);
  }

  // Replaces the stock one, whose messages throw and wait for nobody.
  override async onCreate(_options?: unknown): Promise<void> {
    this.#engine = openEngine(this, this.#options);
    void this.setMatchmaking({ unlisted: true });
    this.onMessage('filter', (client: Client, filter: unknown) => {
      this.clientOptions[client.sessionId] = { ...this.clientOptions[client.sessionId], filter: filter as object };
      this.#list.owe(client);
    });
    this.clock.setInterval(() => {
      this.#list.look();
    }, LOOK_MS);
    this.unsubscribeLobby = () => {
      this.#list.close();
    };
    const handlers = presenceMessages((...call) => this.#engine.replies.handle(...call));
    for (const [type, handler] of Object.entries(handlers)) {
      this.onMessage(type, handler as (client: Client, message: unknown) => unknown);
    }
    await this.#list.open();
  }

  override onAuth(client: Client, _options: unknown, _context: AuthContext): unknown {
    this.#engine.authenticate(client.auth);
    return true;
  }

  override async onJoin(client: Client, options?: LobbyOptions & PresenceJoinOptions): Promise<void> {
    const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
    this.clientOptions[client.sessionId] = isObject ? options : {};
    this.#list.tell(client);
    await this.#engine.join(client, options);
  }

  override onDrop(client: Client, code?: number): void {
    keepSeat(this, this.#engine, client, code, this.#options.graceSeconds);
  }

  override onReconnect(client: Client): void {
    this.#engine.reconnect(client);
    // It missed what changed meanwhile: the list again, as after a join.
    this.#list.owe(client);
  }

  override onLeave(client: Client, code?: number): void {
    delete this.clientOptions[client.sessionId];
    this.#list.forget(client.sessionId);
    this.#engine.leave(client, code);
  }

  override async onDispose(): Promise<void> {
    this.#list.close();
    await this.#engine.dispose();
  }

  /** A `filterItemForClient` of a subclass that throws lets nothing pass. */
  #wants(client: Client, room: Listing): boolean {
    try {
      return this.filterItemForClient(room, this.clientOptions[client.sessionId]?.filter);
    } catch {
      return false;
    }
  }

  /** Listed once per filter: it may have thousands of fields, and is applied to every room at every change. */
  #fieldsOf(metadata: object): ReadonlyArray<[string, unknown]> {
    let fields = this.#fields.get(metadata);
    if (fields === undefined) {
      fields = Object.entries(metadata);
      this.#fields.set(metadata, fields);
    }
    return fields;
  }

  protected override filterItemForClient(room: Listing, filter?: Filter): boolean {
    if (typeof filter !== 'object' || filter === null) {
      return true;
    }
    const { name, metadata } = filter;
    if (name !== undefined && name !== room.name) {
      return false;
    }
    if (typeof metadata !== 'object' || metadata === null) {
      return true;
    }
    const actual: unknown = room.metadata;
    return this.#fieldsOf(metadata).every(
      ([field, wanted]) =>
        typeof actual === 'object' && actual !== null && (actual as Record<string, unknown>)[field] === wanted,
    );
  }
}
