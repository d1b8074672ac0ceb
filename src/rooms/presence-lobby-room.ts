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
import { LobbyRoom, type Client } from '@colyseus/core';
import { hostPresence } from './host.ts';
import { LobbyList } from './lobby-list.ts';
import { isNoMatch } from '../server/matchmaking.ts';
import { PresenceState } from '../wire/state.ts';
import type { PresenceMessages } from './messages.ts';
import { resolveOptions, type PresenceOptions } from '../options.ts';
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
  override state = new PresenceState();
  readonly #fields = new WeakMap<object, ReadonlyArray<[string, unknown]>>();

  constructor() {
    super();
    const options = resolveOptions((this.constructor as typeof PresenceLobbyRoom).options);
    const list = new LobbyList(this, (client, room) => this.#wants(client, room), options.maxBufferedBytes);
    hostPresence(this, options, {
      onCreate: async (own, given) => {
        this.onMessage('filter', (client: Client, filter: unknown) => {
          this.clientOptions[client.sessionId] = { ...this.clientOptions[client.sessionId], filter: filter as object };
          list.owe(client);
        });
        this.clock.setInterval(() => {
          list.look();
        }, LOOK_MS);
        this.unsubscribeLobby = () => {
          list.close();
        };
        await list.open();
        await own(given);
      },
      onJoin: (own, client, given, auth) => {
        const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
        this.clientOptions[client.sessionId] = isObject ? given : {};
        list.tell(client);
        return own(client, given, auth);
      },
      onReconnect: (own, client) => {
        // It missed what changed meanwhile: the list again, as after a join.
        list.owe(client);
        return own(client);
      },
      onLeave: (own, client, code) => {
        delete this.clientOptions[client.sessionId];
        list.forget(client.sessionId);
        return own(client, code);
      },
      onDispose: (own) => {
        list.close();
        return own();
      },
    });
  }

  // They replace those of `LobbyRoom`, whose messages throw and wait for nobody. Subclasses need not call `super`.
  override async onCreate(_options?: unknown): Promise<void> {}
  override onJoin(_client: Client, _options?: LobbyOptions & PresenceJoinOptions): void | Promise<void> {}
  override onDrop(_client: Client, _code?: number): void | Promise<void> {}
  override onReconnect(_client: Client): void | Promise<void> {}
  override onLeave(_client: Client, _code?: number): void | Promise<void> {}
  override onDispose(): void | Promise<void> {}

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
