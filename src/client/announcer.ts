/** The listeners of a client, and the order in which they are called. */
import type { Delta } from '../protocol.ts';
import { Listeners } from './listeners.ts';
import type { Transition } from './transition.ts';
import type { ConnectionPhase, UserStatusChange } from './types.ts';

export class Announcer {
  readonly changed = new Listeners<[]>();
  readonly deltas = new Listeners<[delta: Delta]>();
  readonly statuses = new Listeners<[changes: readonly UserStatusChange[]]>();
  readonly follows = new Listeners<[added: readonly string[], removed: readonly string[]]>();
  readonly connection = new Listeners<[state: ConnectionPhase, error?: unknown]>();

  /** Calls each listener that this change of the store concerns, once. */
  announce({ delta, statuses, added, removed, changed }: Transition): void {
    if (changed) {
      this.changed.emit();
    }
    if (added.length + removed.length > 0) {
      this.follows.emit(added, removed);
    }
    if (delta !== null) {
      this.deltas.emit(delta);
    }
    if (statuses.length > 0) {
      this.statuses.emit(statuses);
    }
  }

  /** Announces a new state of the connection, and a change of the list: it may be stale now. */
  announceState(state: ConnectionPhase, error: unknown): void {
    this.connection.emit(state, error);
    this.changed.emit();
  }

  clear(): void {
    for (const listeners of [this.changed, this.deltas, this.statuses, this.follows, this.connection]) {
      listeners.clear();
    }
  }
}
