/**
 * Who is friends with whom, in SQLite: one row for each direction of a
 * friendship. Knows nothing of sockets and presence; see api.ts for those.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { FriendLists, Person } from '../../shared/friends.ts';

/** As many as presence follows for one connection by default. */
const MAX_FRIENDS = 200;
const MAX_OPEN_REQUESTS = 50;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS player (user_id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS friend (user_id TEXT, friend_id TEXT, PRIMARY KEY (user_id, friend_id)) STRICT;
  CREATE TABLE IF NOT EXISTS request (from_id TEXT, to_id TEXT, PRIMARY KEY (from_id, to_id)) STRICT;
  CREATE INDEX IF NOT EXISTS request_to ON request (to_id);
  CREATE TABLE IF NOT EXISTS block (user_id TEXT, blocked_id TEXT, PRIMARY KEY (user_id, blocked_id)) STRICT;
  CREATE INDEX IF NOT EXISTS block_of ON block (blocked_id);
`;

/** A refusal, as a sentence for the player. */
export class FriendError extends Error {}

export class FriendStore {
  readonly #db: DatabaseSync;

  /** `file`: a path, shared by all processes of a cluster, or `:memory:`. */
  constructor(file: string) {
    if (file !== ':memory:') {
      mkdirSync(dirname(file), { recursive: true });
    }
    this.#db = new DatabaseSync(file, { timeout: 5_000 });
    this.#db.exec(SCHEMA);
  }

  close(): void {
    this.#db.close();
  }

  /** Keeps how a player writes the own name. */
  remember({ userId, name }: Person): void {
    this.#run(
      'INSERT INTO player VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET name = excluded.name',
      userId,
      name,
    );
  }

  friendsOf(userId: string): string[] {
    return this.#people('SELECT friend_id AS userId FROM friend WHERE user_id = ?', userId).map((row) => row.userId);
  }

  /** Who has blocked this user. */
  blockersOf(userId: string): string[] {
    return this.#people('SELECT user_id AS userId FROM block WHERE blocked_id = ?', userId).map((row) => row.userId);
  }

  listsOf(userId: string): FriendLists {
    return {
      friends: this.#people('SELECT friend_id AS userId FROM friend WHERE user_id = ?', userId),
      // Somebody blocked may ask, and never learns that nobody is asked.
      incoming: this.#people(
        `SELECT from_id AS userId FROM request WHERE to_id = ?1
         AND from_id NOT IN (SELECT blocked_id FROM block WHERE user_id = ?1)`,
        userId,
      ),
      outgoing: this.#people('SELECT to_id AS userId FROM request WHERE from_id = ?', userId),
      blocked: this.#people('SELECT blocked_id AS userId FROM block WHERE user_id = ?', userId),
    };
  }

  /** Asks a player to be friends; two who ask each other are friends at once. The name may be one that has never played. */
  ask(userId: string, other: Person): void {
    const { friends, incoming, outgoing, blocked } = this.listsOf(userId);
    const isOther = (person: Person): boolean => person.userId === other.userId;
    if (userId === other.userId) {
      throw new FriendError('That is you. Add the name of a friend.');
    }
    if (friends.some(isOther)) {
      throw new FriendError(`${other.name} is your friend already.`);
    }
    if (blocked.some(isOther)) {
      throw new FriendError(`You have blocked ${other.name}. Unblock first.`);
    }
    if (incoming.some(isOther)) {
      this.accept(userId, other.userId);
      return;
    }
    if (outgoing.length >= MAX_OPEN_REQUESTS && !outgoing.some(isOther)) {
      throw new FriendError('You have asked a lot of players. Wait for some answers first.');
    }
    this.#run('INSERT OR IGNORE INTO player VALUES (?, ?)', other.userId, other.name);
    this.#run('INSERT OR IGNORE INTO request VALUES (?, ?)', userId, other.userId);
  }

  accept(userId: string, fromId: string): void {
    if (!this.listsOf(userId).incoming.some((person) => person.userId === fromId)) {
      throw new FriendError('That request was taken back.');
    }
    if ([userId, fromId].some((id) => this.friendsOf(id).length >= MAX_FRIENDS)) {
      throw new FriendError('One of you has too many friends already.');
    }
    this.#together(() => {
      this.#endRequests(userId, fromId);
      this.#run('INSERT OR IGNORE INTO friend VALUES (?1, ?2), (?2, ?1)', userId, fromId);
    });
  }

  decline(userId: string, fromId: string): void {
    this.#run('DELETE FROM request WHERE from_id = ? AND to_id = ?', fromId, userId);
  }

  /** Takes back the own request. */
  cancel(userId: string, toId: string): void {
    this.decline(toId, userId);
  }

  remove(userId: string, friendId: string): void {
    this.#run('DELETE FROM friend WHERE (user_id, friend_id) IN (VALUES (?1, ?2), (?2, ?1))', userId, friendId);
  }

  /** The other one keeps this player on the list, and sees it offline from now on. */
  block(userId: string, other: Person): void {
    if (userId === other.userId) {
      throw new FriendError('You cannot block yourself.');
    }
    this.#together(() => {
      this.#run('INSERT OR IGNORE INTO player VALUES (?, ?)', other.userId, other.name);
      this.#run('INSERT OR IGNORE INTO block VALUES (?, ?)', userId, other.userId);
      this.#run('DELETE FROM request WHERE from_id = ? AND to_id = ?', userId, other.userId);
      this.#run('DELETE FROM friend WHERE user_id = ? AND friend_id = ?', userId, other.userId);
    });
  }

  /** The two are strangers again. Returns false when there was no block. */
  unblock(userId: string, otherId: string): boolean {
    if (!this.listsOf(userId).blocked.some((person) => person.userId === otherId)) {
      return false;
    }
    this.#together(() => {
      this.#run('DELETE FROM block WHERE user_id = ? AND blocked_id = ?', userId, otherId);
      this.#endRequests(userId, otherId);
      this.remove(userId, otherId);
    });
    return true;
  }

  #endRequests(a: string, b: string): void {
    this.#run('DELETE FROM request WHERE (from_id, to_id) IN (VALUES (?1, ?2), (?2, ?1))', a, b);
  }

  #run(sql: string, ...values: string[]): void {
    this.#db.prepare(sql).run(...values);
  }

  /** The players that a query names as `userId`, with their names. */
  #people(sql: string, userId: string): Person[] {
    return this.#db
      .prepare(`SELECT userId, coalesce(name, userId) AS name FROM (${sql}) LEFT JOIN player ON user_id = userId`)
      .all(userId) as unknown as Person[];
  }

  /** All of it, or nothing. */
  #together(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}
