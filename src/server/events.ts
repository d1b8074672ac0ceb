/** Events about users for game code: push notifications, analytics. */
import { reasonOf } from '../core/hooks.ts';
import type { LogLine } from '../log-codes.ts';
import type { Update } from '../core/model.ts';
import type { BlockEvent, PresenceEventMap } from './types.ts';

type Listener<K extends keyof PresenceEventMap> = (event: PresenceEventMap[K]) => void;

export class ServerEvents {
  readonly #listeners: { [K in keyof PresenceEventMap]: Set<Listener<K>> } = {
    online: new Set(),
    offline: new Set(),
    status: new Set(),
    block: new Set(),
  };
  readonly #report: (line: LogLine) => void;

  constructor(report: (line: LogLine) => void) {
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
        ...(before && { before: before.presence }),
        ...(after && { after: after.presence }),
        local,
      }));
    }
    if (general !== undefined) {
      const local = changes.some((change) => change.local === true);
      this.#emit(general === 'online' ? 'online' : 'offline', () => ({
        userId,
        ...(username !== undefined && { username }),
        general,
        local,
      }));
    }
  }

  tellBlock(event: BlockEvent): void {
    this.#emit('block', () => event);
  }

  #emit<K extends keyof PresenceEventMap>(type: K, event: () => PresenceEventMap[K]): void {
    for (const listener of this.#listeners[type]) {
      try {
        listener(event());
      } catch (error) {
        // A listener that throws must stop neither the flush nor the process.
        this.#report(`[presence:listener_failed] A listener for "${type}" threw: ${reasonOf(error)}`);
      }
    }
  }
}
