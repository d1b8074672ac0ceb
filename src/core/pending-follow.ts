/** A follow that waits for a hook or for the cluster. It does not follow users that are unfollowed meanwhile. */
import type { Connection, Names } from './model.ts';

export class PendingFollow {
  readonly connection: Connection;
  /** Names of the users to follow, by the word of the game. */
  names: Names | undefined;
  #ended: Set<string> | 'all' = new Set();

  constructor(connection: Connection) {
    this.connection = connection;
    connection.pending ??= new Set();
    connection.pending.add(this);
  }

  /** Whether nobody has unfollowed the user since it began. */
  wants(userId: string): boolean {
    return this.#ended !== 'all' && !this.#ended.has(userId);
  }

  /** These users are unfollowed; without a list, all are. */
  unfollow(userIds: Iterable<string> | undefined): void {
    if (userIds === undefined) {
      this.#ended = 'all';
    } else if (this.#ended !== 'all') {
      for (const userId of userIds) {
        this.#ended.add(userId);
      }
    }
  }

  /** Call this when the follow is done or has failed. Idempotent. */
  end(): void {
    this.connection.pending?.delete(this);
  }
}
