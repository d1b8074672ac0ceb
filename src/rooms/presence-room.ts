/**
 * A room that is nothing but presence: clients join it to be seen and to see
 * their friends. Rooms of it share the load (`maxClients`), on one process or
 * many; follows and deltas cross them.
 *
 * Usage:
 *   defineServer({ rooms: { presence: defineRoom(PresenceRoom) } })
 *   defineRoom(PresenceRoom.configure({ graceSeconds: 30, canFollow }))
 *
 * Identity: `client.auth`, see the option `identify`. A client without one is
 * refused with a clear error.
 *
 * Footprint: no database, no timer per client. With Redis, two commands per
 * status update and none per delivery on the same process.
 */
import { Room, type AuthContext, type Client } from '@colyseus/core';
import { keepSeat } from './grace.ts';
import { isNoMatch } from '../server/matchmaking.ts';
import { openEngine } from './open-engine.ts';
import { PresenceState } from '../wire/state.ts';
import { presenceMessages, type PresenceMessages, type PresenceRoomClient } from './messages.ts';
import { resolveOptions, type PresenceOptions } from '../options.ts';
import type { PresenceEngine } from './engine.ts';
import type { PresenceJoinOptions } from '../protocol.ts';

export class PresenceRoom extends Room<{ state: PresenceState; client: PresenceRoomClient }> {
  static {
    isNoMatch(this);
  }

  /** The options of this class of room. Set by {@link configure}, or by a subclass. */
  static options: PresenceOptions = {};

  /**
   * This room with options, as a class to give to `defineRoom`. Throws a
   * `TypeError` for options that make no sense.
   *
   * @example defineRoom(PresenceRoom.configure({ maxFollows: 500 }))
   */
  static configure(options: PresenceOptions): typeof PresenceRoom {
    resolveOptions(options);
    return class extends PresenceRoom {
      static override options = options;
    };
  }

  #engine!: PresenceEngine;
  override state = new PresenceState();
  override messages: PresenceMessages = presenceMessages((...call) => this.#engine.replies.handle(...call));
  readonly #options = resolveOptions((this.constructor as typeof PresenceRoom).options);

  constructor() {
    super();
    this.maxClients = this.#options.maxClients;
    this.maxMessagesPerSecond = this.#options.floodLimit;
  }

  override onCreate(_options?: unknown): void | Promise<void> {
    this.#engine = openEngine(this, this.#options);
    void this.setMatchmaking({ unlisted: true });
  }

  override onAuth(client: Client, _options: unknown, _context: AuthContext): unknown {
    this.#engine.authenticate(client.auth);
    return true;
  }

  override async onJoin(client: Client, options?: PresenceJoinOptions): Promise<void> {
    await this.#engine.join(client, options);
  }

  override onDrop(client: Client, code?: number): void | Promise<void> {
    keepSeat(this, this.#engine, client, code, this.#options.graceSeconds);
  }

  override onReconnect(client: Client): void | Promise<void> {
    this.#engine.reconnect(client);
  }

  override onLeave(client: Client, code?: number): void | Promise<void> {
    this.#engine.leave(client, code);
  }

  override async onDispose(): Promise<void> {
    await this.#engine.dispose();
  }
}
