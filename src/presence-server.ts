/**
 * Presence for the game's own code: HTTP routes, bots, matchmaking, push
 * notifications. Works from any process of the cluster, also one without
 * presence rooms.
 *
 * @example
 * import { presence } from 'colyseus-presence';
 * const online = await presence.areOnline(['ann', 'bob']);   // Map { 'ann' => true, … }
 * await presence.follow({ userId: 'ann' }, ['bob']);          // ann's clients hear of bob from now on
 * presence.on('online', ({ userId }) => push.notifyFriendsOf(userId));
 */
import { acquireRuntime, currentRuntime, eventsOf, type Runtime } from './runtime.ts';
import { applyCommand, type Command, type Target } from './commands.ts';
import { fitsBytes, isUserId } from './status.ts';
import { PresenceError, type Status, type UserStatus } from './protocol.ts';
import { queryUsers } from './query.ts';
import { resolveOptions, type ClusterOptions } from './options.ts';
import type { PresenceEventMap } from './server-events.ts';

export interface Counts {
  /** Distinct users with a connection, visible or not. A user on two processes counts once per process. */
  users: number;
  /** Clients in presence-aware rooms. */
  connections: number;
  /** Users that appear online. */
  online: number;
}

export class PresenceServer {
  readonly #cluster: Partial<ClusterOptions>;
  readonly #prefix: string;
  /** Held only in a process whose rooms do not hold one. */
  #own: Runtime | undefined;

  /** `cluster`: the same value the rooms of the process have. */
  constructor(cluster: Partial<ClusterOptions> = {}) {
    this.#cluster = cluster;
    this.#prefix = resolveOptions({ cluster }).cluster.prefix;
  }

  /** General and custom status of users, one answer per id, whatever `canFollow` and `redact` say. Cost: one directory read per user that nobody here follows. */
  async statuses(userIds: readonly string[]): Promise<UserStatus[]> {
    requireIds(userIds);
    return queryUsers(this.#runtime().tracker, userIds);
  }

  /** Who of these appears online. */
  async areOnline(userIds: readonly string[]): Promise<Map<string, boolean>> {
    const statuses = await this.statuses(userIds);
    return new Map(statuses.map(({ userId, general }) => [userId, general === 'online']));
  }

  /** What this process holds. Sum over the processes for the cluster. */
  count(): Counts {
    const runtime = currentRuntime(this.#prefix);
    const counts: Counts = { users: 0, connections: runtime?.tracker.connections.size ?? 0, online: 0 };
    for (const user of runtime?.tracker.directory.users.values() ?? []) {
      if (user.own.size > 0) {
        counts.users++;
        counts.online += user.visible.size > 0 ? 1 : 0;
      }
    }
    return counts;
  }

  /** Sets or clears the status of a connection, or of every connection of a user, on whatever process. Throws `status_too_long`. */
  setStatus(target: Target, status: Status): void {
    if (status !== null && !fitsBytes(status, MOST_STATUS_BYTES)) {
      throw new PresenceError('status_too_long');
    }
    this.#everywhere({ kind: 'status', target, status });
  }

  /** Follows on behalf of a connection, or of every connection of a user. `canFollow` is not asked. The clients get a `presence:snapshot`. */
  follow(target: Target, userIds: readonly string[]): void {
    requireIds(userIds);
    this.#everywhere({ kind: 'follow', target, userIds: [...userIds] });
  }

  /** Ends follows; no list = all of them. The clients get `presence:unfollowed`. */
  unfollow(target: Target, userIds?: readonly string[]): void {
    requireIds(userIds ?? []);
    this.#everywhere({ kind: 'unfollow', target, ...(userIds !== undefined && { userIds: [...userIds] }) });
  }

  /**
   * From now on `userId` looks offline to `blockedId`, wherever it is
   * connected. For connections that come later `canFollow` must say so.
   */
  block(userId: string, blockedId: string): void {
    requireIds([userId, blockedId]);
    this.#everywhere({ kind: 'block', userId, blockedId, blocked: true });
  }

  /** Takes a block back: `blockedId` sees `userId` again where it follows it. */
  unblock(userId: string, blockedId: string): void {
    requireIds([userId, blockedId]);
    this.#everywhere({ kind: 'block', userId, blockedId, blocked: false });
  }

  /** Asks `redact` again for all that these viewers see, after something it depends on has changed (a new friendship). */
  refresh(target: Target): void {
    this.#everywhere({ kind: 'refresh', target });
  }

  /** Closes the connections (close code 1000). */
  disconnect(target: Target): void {
    this.#everywhere({ kind: 'disconnect', target });
  }

  /**
   * `online`, `offline`: the general status of a user changed; `status`: that of
   * a connection did. Told on every process that knows the user: the ones it is
   * connected to and the ones where somebody follows it. Returns how to stop.
   */
  on<K extends keyof PresenceEventMap>(type: K, listener: (event: PresenceEventMap[K]) => void): () => void {
    return eventsOf(this.#prefix).on(type, listener);
  }

  /** For a process without presence rooms: leaves the cluster. Others need not call it. */
  async close(): Promise<void> {
    const own = this.#own;
    this.#own = undefined;
    await own?.release();
  }

  #everywhere(command: Command): void {
    const runtime = this.#runtime();
    applyCommand(runtime, command);
    runtime.tracker.cluster.broadcast(command);
  }

  #runtime(): Runtime {
    const running = currentRuntime(this.#prefix);
    if (running === undefined) {
      this.#own = acquireRuntime(resolveOptions({ cluster: this.#cluster }));
      return this.#own;
    }
    return running;
  }
}

/** The hard limit of a command; the rooms' own limits are for clients. */
const MOST_STATUS_BYTES = 65_536;

function requireIds(userIds: readonly unknown[]): void {
  if (!userIds.every(isUserId)) {
    throw new PresenceError('invalid_payload', 'Every user id must be a string of 1 to 128 characters.');
  }
}

/** The presence of the default cluster prefix. */
export const presence: PresenceServer = new PresenceServer();
