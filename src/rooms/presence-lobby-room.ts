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
 * Two differences from the stock lobby: a filter without a `name` does not
 * hide every room, and a filter on metadata does not fail on rooms without any.
 */
import { LobbyRoom, type AuthContext, type Client } from '@colyseus/core';
import { keepSeat } from './grace.ts';
import { openEngine } from './open-engine.ts';
import { PresenceState } from '../wire/state.ts';
import { presenceMessages, type PresenceMessages } from './messages.ts';
import { resolveOptions, type PresenceOptions } from '../options.ts';
import type { PresenceEngine } from './engine.ts';
import type { PresenceEvents, PresenceJoinOptions } from '../protocol.ts';

type Listing = LobbyRoom['rooms'][number];
type LobbyMessages = LobbyRoom['messages'];
type Filter = { name?: unknown; metadata?: unknown };

export type LobbyEvents = PresenceEvents & {
  rooms: Listing[];
  '+': [roomId: string, room: Listing];
  '-': string;
};

export class PresenceLobbyRoom extends LobbyRoom {
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

  constructor() {
    super();
    this.maxClients = this.#options.maxClients;
    this.maxMessagesPerSecond = this.#options.floodLimit;
  }

  override async onCreate(options: unknown): Promise<void> {
    await super.onCreate(options);
    this.#engine = openEngine(this, this.#options);
    const handlers = presenceMessages((...call) => this.#engine.handle(...call));
    for (const [type, handler] of Object.entries(handlers)) {
      this.onMessage(type, handler as (client: Client, message: unknown) => unknown);
    }
  }

  override onAuth(client: Client, _options: unknown, _context: AuthContext): unknown {
    this.#engine.authenticate(client.auth);
    return true;
  }

  override async onJoin(
    client: Client,
    options: LobbyRoom['clientOptions'][string] & PresenceJoinOptions,
  ): Promise<void> {
    super.onJoin(client, options);
    await this.#engine.join(client, options);
  }

  override onDrop(client: Client, code?: number): void {
    keepSeat(this, this.#engine, client, code, this.#options.graceSeconds);
  }

  override onReconnect(client: Client): void {
    this.#engine.reconnect(client);
    // It missed what changed meanwhile: the list again, as after a join.
    client.send('rooms', this.filterItemsForClient(this.clientOptions[client.sessionId] ?? {}));
  }

  override onLeave(client: Client, code?: number): void {
    super.onLeave(client);
    this.#engine.leave(client, code);
  }

  override async onDispose(): Promise<void> {
    super.onDispose();
    await this.#engine.dispose();
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
    return Object.entries(metadata).every(
      ([field, wanted]) =>
        typeof actual === 'object' && actual !== null && (actual as Record<string, unknown>)[field] === wanted,
    );
  }
}
