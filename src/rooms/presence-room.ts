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
 * Subclasses may have messages, plugins and lifecycle methods of their own, and
 * need not call `super` in them. In `onJoin` the player is connected, and invisible
 * until it has ended: of a join that it rejects nobody hears.
 *
 * Footprint: no database, no timer per client. With Redis, two commands per
 * status update and none per delivery on the same process.
 */
import { Room, type Client } from '@colyseus/core';
import { hostPresence } from './host.ts';
import { isNoMatch } from '../server/matchmaking.ts';
import { PresenceState } from '../wire/state.ts';
import type { PresenceMessages, PresenceRoomClient } from './messages.ts';
import { resolveOptions, type PresenceOptions } from '../options.ts';
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

  declare messages: PresenceMessages;
  override state = new PresenceState();

  constructor() {
    super();
    hostPresence(this, resolveOptions((this.constructor as typeof PresenceRoom).options));
  }

  // For subclasses, which need not call `super`: presence does not depend on any of them.
  override onCreate(_options?: unknown): void | Promise<void> {}
  override onJoin(_client: Client, _options?: PresenceJoinOptions): void | Promise<void> {}
  override onDrop(_client: Client, _code?: number): void | Promise<void> {}
  override onReconnect(_client: Client): void | Promise<void> {}
  override onLeave(_client: Client, _code?: number): void | Promise<void> {}
  override onDispose(): void | Promise<void> {}
}
