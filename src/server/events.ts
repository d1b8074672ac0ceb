/**
 * What happens to users, for game code: push notifications, analytics.
 */
import type { GeneralStatus, Presence } from '../protocol.ts';
import type { Update } from '../core/model.ts';

interface EventOrigin {
  /**
   * Whether a connection of this process caused it. Every process that knows
   * the user tells of it: act only on `local` events to act once per cluster.
   * When a process crashes, its players' going is `local` nowhere.
   */
  local: boolean;
}

/** A user came online or went offline. */
export interface GeneralEvent extends EventOrigin {
  userId: string;
  username: string | undefined;
  general: GeneralStatus;
}

/** A connection's status was set, changed or cleared. */
export interface StatusEvent extends EventOrigin {
  userId: string;
  connectionId: string;
  /** `null`: it was not visible before. */
  before: Presence | null;
  /** `null`: it is not visible any more. */
  after: Presence | null;
}

export interface PresenceEventMap {
  online: GeneralEvent;
  /** Both `offline` and `unlogined`; `general` tells which. */
  offline: GeneralEvent;
  status: StatusEvent;
}

type Listener<K extends keyof PresenceEventMap> = (event: PresenceEventMap[K]) => void;

export class ServerEvents {
  readonly #listeners: { [K in keyof PresenceEventMap]: Set<Listener<K>> } = {
    online: new Set(),
    offline: new Set(),
    status: new Set(),
  };
  readonly #report: (message: string) => void;

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  on<K extends keyof PresenceEventMap>(type: K, listener: Listener<K>): () => void {
    const listeners: Set<Listener<K>> = this.#listeners[type];
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  tell({ user, changes, general }: Update): void {
    const { userId, username } = user;
    for (const { connectionId, before, after, local = false } of changes) {
      this.#emit('status', () => ({
        userId,
        connectionId,
        before: before?.presence ?? null,
        after: after?.presence ?? null,
        local,
      }));
    }
    if (general !== undefined) {
      const local = changes.some((change) => change.local === true);
      this.#emit(general === 'online' ? 'online' : 'offline', () => ({ userId, username, general, local }));
    }
  }

  #emit<K extends keyof PresenceEventMap>(type: K, event: () => PresenceEventMap[K]): void {
    for (const listener of this.#listeners[type]) {
      try {
        listener(event());
      } catch (error) {
        // A listener's mistake must stop neither the flush nor the process.
        this.#report(
          `presence: a listener for "${type}" threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
      }
    }
  }
}
