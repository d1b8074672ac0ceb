/**
 * The messages of `PresenceRoom` inside any game room, for games whose players
 * have only the match's connection. Deltas only: the room's state is its own.
 *
 * Usage:
 *   class MatchRoom extends Room {
 *     plugins = definePlugins([new PresencePlugin({ graceSeconds: 20 })]);
 *   }
 *
 * Ordering: joins after the room's own `onJoin`, so that a join the room
 * rejects is never seen.
 *
 * Race window: Colyseus tells plugins neither of drops nor of returns. The
 * plugin looks once a second, so a dropped player keeps its status up to a
 * second longer, and a returned one gets its snapshot within a second (at
 * once when it calls).
 *
 * A player without an identity, or with too many connections, plays on without
 * presence; its calls answer `not_joined`.
 */
import { RoomPlugin, ServerError, type Client } from '@colyseus/core';
import { acquireRuntime } from '../server/runtime.ts';
import { captureContext } from './auth-context.ts';
import { PresenceEngine } from './engine.ts';
import { presenceMessages, type PresenceMessages } from './messages.ts';
import { resolveOptions, type PresenceOptions, type ResolvedOptions } from '../options.ts';

const RECONCILE_MS = 1000;

export class PresencePlugin extends RoomPlugin {
  override readonly pluginName = 'presence' as const;
  override messages: PresenceMessages = presenceMessages((...call) => this.#engine.replies.handle(...call));
  protected override order = { onJoin: 'after' as const };
  readonly #options: ResolvedOptions;
  #engine!: PresenceEngine;

  constructor(options: PresenceOptions = {}) {
    super();
    this.#options = resolveOptions(options);
  }

  protected override onCreate(): void {
    this.#engine = new PresenceEngine(acquireRuntime(this.#options), this.#options, false, this.room);
    captureContext(this.room, (client, entrance) => {
      this.#engine.noteEntrance(client, entrance);
    });
    this.room.clock.setInterval(() => {
      this.#engine.reconcile((id) => this.room.clients.get(id));
      this.#engine.closeStalled();
    }, RECONCILE_MS);
  }

  protected override async onJoin(client: Client, options?: unknown): Promise<void> {
    try {
      await this.#engine.join(client, options);
    } catch (error) {
      if (!(error instanceof ServerError)) {
        throw error;
      }
      // Refused: the player is let in, without presence.
    }
  }

  protected override onLeave(client: Client, code?: number): void {
    // With `await allowReconnection()` in the room's onLeave this also runs after a successful return.
    const present = this.room.clients.get(client.sessionId);
    if (present === undefined) {
      this.#engine.leave(client, code);
    } else {
      this.#engine.refresh(present);
    }
  }

  protected override async onDispose(): Promise<void> {
    await this.#engine.dispose();
  }
}
