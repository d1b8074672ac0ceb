/** What a client holds that only applies the messages, by docs/protocol.md. */
import type { Delta, Presence, Snapshot, Unfollowed, Welcome } from '../src/protocol.ts';

export class Held {
  readonly presences = new Map<string, Presence>();
  #own = '';

  take(type: string, payload: unknown): void {
    switch (type) {
      case 'presence:delta': {
        const { joins, leaves } = payload as Delta;
        this.#remove(({ connectionId }) => leaves.some((leave) => leave.connectionId === connectionId));
        this.put(joins);
        break;
      }
      case 'presence:snapshot': {
        const { userIds, presences, complete } = payload as Snapshot;
        this.#remove(({ userId }) => complete === true || userIds.includes(userId));
        this.put(presences);
        break;
      }
      case 'presence:welcome': {
        const { userId, presences } = payload as Welcome;
        this.#own = userId;
        this.#remove((presence) => presence.userId === userId);
        this.put(presences);
        break;
      }
      case 'presence:unfollowed':
        this.unfollow((payload as Unfollowed).userIds);
        break;
      default:
    }
  }

  /** Also the answer to a follow. */
  put(presences: readonly Presence[]): void {
    for (const presence of presences) {
      this.presences.set(presence.connectionId, presence);
    }
  }

  /** Also the answer to an unfollow. Nobody unfollows oneself. */
  unfollow(userIds: readonly string[]): void {
    this.#remove(({ userId }) => userIds.includes(userId) && userId !== this.#own);
  }

  #remove(matches: (presence: Presence) => boolean): void {
    for (const [connectionId, presence] of this.presences) {
      if (matches(presence)) {
        this.presences.delete(connectionId);
      }
    }
  }
}
