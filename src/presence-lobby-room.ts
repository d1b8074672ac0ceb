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
import { acquireRuntime } from './runtime.ts';
import { captureContext } from './auth-context.ts';
import { keepSeat } from './grace.ts';
import { PresenceEngine } from './engine.ts';
import { PresenceSerializer } from './presence-serializer.ts';
import { PresenceState } from './state.ts';
import { presenceMessages, type PresenceMessages } from './messages.ts';
import { resolveOptions, type PresenceOptions } from './options.ts';
import type { PresenceEvents, PresenceJoinOptions } from './protocol.ts';

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
  protected presenceEngine!: PresenceEngine;
  override state = new PresenceState();
  readonly #options = resolveOptions((this.constructor as typeof PresenceLobbyRoom).options);

  constructor() {
    super();
    this.maxClients = this.#options.maxClients;
    this.maxMessagesPerSecond = this.#options.floodLimit;
  }

  override async onCreate(options: unknown): Promise<void> {
    await super.onCreate(options);
    this.presenceEngine = new PresenceEngine(acquireRuntime(this.#options), this.#options, true);
    captureContext(this, (client, context) => { this.presenceEngine.noteContext(client, context); });
    this.setSerializer(new PresenceSerializer((client) => this.presenceEngine.fullState(client)));
    const handlers = presenceMessages(() => this.presenceEngine);
    for (const [type, handler] of Object.entries(handlers)) {
      this.onMessage(type, handler as (client: Client, message: unknown) => unknown);
    }
    this.onMessage('*', (client, type, payload) => { this.presenceEngine.handleUnknown(client, type, payload); });
  }

  override onAuth(client: Client, _options: unknown, context: AuthContext): unknown {
    this.presenceEngine.authenticate(client, client.auth, context);
    return true;
  }

  override async onJoin(client: Client, options: LobbyRoom['clientOptions'][string] & PresenceJoinOptions): Promise<void> {
    super.onJoin(client, options);
    await this.presenceEngine.join(client, options);
  }

  override onDrop(client: Client, code?: number): void {
    keepSeat(this, this.presenceEngine, client, code, this.#options.graceSeconds);
  }

  override onReconnect(client: Client): void {
    this.presenceEngine.reconnect(client);
    // It missed what changed meanwhile: the list again, as after a join.
    client.send('rooms', this.filterItemsForClient(this.clientOptions[client.sessionId] ?? {}));
  }

  override onLeave(client: Client, code?: number): void {
    super.onLeave(client);
    this.presenceEngine.leave(client, code);
  }

  override async onDispose(): Promise<void> {
    super.onDispose();
    await this.presenceEngine.dispose();
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
    return Object.entries(metadata).every(([field, wanted]) => (
      typeof actual === 'object' && actual !== null && (actual as Record<string, unknown>)[field] === wanted
    ));
  }
}
