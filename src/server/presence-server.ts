/**
 * Presence for the game's own code: HTTP routes, bots, matchmaking, push
 * notifications. Works from any process of the cluster, also one without
 * presence rooms.
 *
 * A command (`setStatus`, `follow`, `block` …) works at once on this process
 * and with the next message on the others. Its promise resolves with how many
 * connections it has reached, after at most one second, and never rejects: it
 * need not be awaited. A wrong argument throws in the call itself. Cost: one
 * message to every process, and one answer from each.
 *
 * @example
 * import { presence } from 'colyseus-presence';
 * const online = await presence.areOnline(['ann', 'bob']);   // Map { 'ann' => true, … }
 * await presence.follow({ userId: 'ann' }, ['bob']);          // ann's clients get bob's updates from now on
 * presence.on('online', ({ userId }) => push.notifyFriendsOf(userId));
 */
import { randomUUID } from 'node:crypto';
import { matchMaker } from '@colyseus/core';
import { isTarget, type Addressee } from './addressee.ts';
import { applyCommand, isSettable, MAX_SERVER_STATUS_BYTES, type Order } from './commands.ts';
import { countShare } from './census.ts';
import { explanationOf } from './explanation.ts';
import { plainHealth } from './health.ts';
import { reportOf } from './inquiry.ts';
import { metricsOf, noMetrics } from './metrics.ts';
import { METRICS_TYPES, metricsText, type MetricsFormat } from './metrics-text.ts';
import { ANSWER_TIMEOUT_MS } from './questions.ts';
import { currentRuntime, eventsOf, guestRuntime, type Runtime } from './runtime.ts';
import { notAnId, toUserId, type UserIdLike } from '../ids.ts';
import { didYouMean, given } from '../wording.ts';
import { PresenceError, type Status, type UserStatus } from '../protocol.ts';
import { beforePresenceEnds, isShuttingDown } from './shutdown.ts';
import { queryUsers } from '../core/query.ts';
import { resolveOptions, type ClusterOptions, type ResolvedOptions } from '../options.ts';
import type { ClusterOverview, Explanation, PresenceHealth, PresenceMetrics, UserReport } from './report-types.ts';
import type { Lock } from '../core/model.ts';
import type { ClusterCounts, Counts, Locked, PresenceEventMap, Reached, Target } from './types.ts';

export class PresenceServer {
  readonly #options: ResolvedOptions;

  /** `cluster`: the same value the rooms of the process have. Only needed where no room runs, or with another `prefix`. */
  constructor(cluster: Partial<ClusterOptions> = {}) {
    this.#options = resolveOptions({ cluster });
  }

  /**
   * General and custom status of users, one answer per id, whatever `canFollow`
   * and `redact` say. While the shared store does not answer, `general` is
   * `unknown` for users who are not connected here. Cost: one read of the shared
   * store per user that nobody here follows.
   */
  async statuses(userIds: readonly UserIdLike[]): Promise<UserStatus[]> {
    const ids = requireIds(userIds);
    return queryUsers(this.#runtime().tracker, ids);
  }

  /** Whether each of these users appears online, by the id as it was given. Rejects with `unavailable` while that is not known of all of them; `statuses` tells which are known. */
  async areOnline<Id extends UserIdLike>(userIds: readonly Id[]): Promise<Map<Id, boolean>> {
    const statuses = await this.statuses(userIds);
    const unknown = statuses.filter(({ general }) => general === 'unknown').length;
    if (unknown > 0) {
      throw new PresenceError('unavailable', {
        message: `Of ${unknown} of ${statuses.length} users it is not known whether they are online: the shared store does not answer.`,
      });
    }
    const generals = new Map(statuses.map(({ userId, general }) => [userId, general]));
    return new Map(userIds.map((userId) => [userId, generals.get(String(userId)) === 'online']));
  }

  /** What this process holds. Of a user on several processes only the one with its newest visible connection counts it. */
  count(): Counts {
    const runtime = isRunning() ? currentRuntime(this.#prefix) : undefined;
    return runtime === undefined ? { users: 0, connections: 0, online: 0 } : countShare(runtime.tracker);
  }

  /**
   * What all processes hold. Waits at most `timeoutMs` (default 1000) for their
   * answers; `complete` tells whether all that are known have answered. Cost:
   * one message to, and one from, every process.
   */
  async countAll(timeoutMs = ANSWER_TIMEOUT_MS): Promise<ClusterCounts> {
    if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) {
      throw invalid(`The timeoutMs of countAll has to be a number of at least 0, but is ${given(timeoutMs)}.`);
    }
    const runtime = this.#runtime();
    const command = { kind: 'count', question: randomUUID() } as const;
    return runtime.census.ask(runtime.tracker.cluster, command, applyCommand(runtime, command), timeoutMs);
  }

  /**
   * Sets or clears the status of a connection, or of every connection of a
   * user, on whatever process. At most 65536 UTF-8 bytes (`status_too_long`);
   * the rooms' own limit and their feature switches are for clients.
   *
   * `lock: true`: all connections of the user have this status, later ones too,
   * on all processes, until {@link unlockStatus}; `null` makes the user
   * invisible. What the clients set meanwhile is kept, not shown, and answered
   * with `status_locked`. It outlives every process in Redis, for 30 days from
   * the last call; without Redis it ends with the process. `stored: false`:
   * Redis did not take it, and it holds only for the connections there are now.
   *
   * @example await presence.setStatus({ userId: 'ann' }, 'Banned', { lock: true });
   */
  setStatus(target: Target, status: Status, options: { lock: true }): Promise<Locked>;
  setStatus(target: Target, status: Status, options?: { lock?: boolean }): Promise<Reached>;
  setStatus(target: Target, status: Status, options: { lock?: boolean } = {}): Promise<Reached> {
    const locks = requireLock(options);
    if (!isSettable(status)) {
      throw typeof status === 'string'
        ? new PresenceError('status_too_long', {
            message: `The status has more than ${MAX_SERVER_STATUS_BYTES} UTF-8 bytes.`,
          })
        : invalid(`The status has to be a string or null, but is ${given(status)}.`);
    }
    const addressee = requireTarget(target);
    if (!locks) {
      return this.#everywhere({ kind: 'status', target: addressee, status });
    }
    if (!('userId' in addressee)) {
      throw invalid('A status is locked for a user, { userId }, not for one of its connections.');
    }
    return this.#lock(addressee.userId, { status });
  }

  /** Ends a lock of {@link setStatus}: each connection has the status again that its client has set last. */
  unlockStatus(userId: UserIdLike): Promise<Locked> {
    return this.#lock(requireId(userId), undefined);
  }

  /** Follows on behalf of a connection, or of every connection of a user. `canFollow` is not asked. The clients get a `presence:snapshot`. */
  follow(target: Target, userIds: readonly UserIdLike[]): Promise<Reached> {
    return this.#everywhere({ kind: 'follow', target: requireTarget(target), userIds: requireIds(userIds) });
  }

  /** Ends these follows; an empty list ends none. The clients get `presence:unfollowed`. */
  unfollow(target: Target, userIds: readonly UserIdLike[]): Promise<Reached> {
    return this.#everywhere({ kind: 'unfollow', target: requireTarget(target), userIds: requireIds(userIds) });
  }

  /** Ends every follow. The clients get `presence:unfollowed`. */
  unfollowAll(target: Target): Promise<Reached> {
    return this.#everywhere({ kind: 'unfollow', target: requireTarget(target) });
  }

  /**
   * From now on `userId` looks to `blockedId` as if it had gone offline: in
   * deltas, state, snapshots, queries and joins, also after a new follow. Holds
   * for all connections of `blockedId`, later ones too, on every process that
   * runs now. Blocking oneself does nothing. For processes that start later the
   * game stores it (event `block`) and gives it back (option `blockedBy`). Cost:
   * as every command, and the memory of one id until `unblock`.
   *
   * @example
   * presence.on('block', ({ userId, blockedId, blocked }) => db.storeBlock(userId, blockedId, blocked));
   * await presence.block('ann', 'troll');
   */
  block(userId: UserIdLike, blockedId: UserIdLike): Promise<Reached> {
    return this.#block(userId, blockedId, true);
  }

  /** Ends a block: `blockedId` sees `userId` again if it follows it. */
  unblock(userId: UserIdLike, blockedId: UserIdLike): Promise<Reached> {
    return this.#block(userId, blockedId, false);
  }

  /** Asks `redact` again for all that these viewers see, after something it depends on has changed (a new friendship). */
  refresh(target: Target): Promise<Reached> {
    return this.#everywhere({ kind: 'refresh', target: requireTarget(target) });
  }

  /** Ends the connections, as if the players had left (close code 4000); those in their reconnection grace, too. */
  disconnect(target: Target): Promise<Reached> {
    return this.#everywhere({ kind: 'disconnect', target: requireTarget(target) });
  }

  /**
   * `online`, `offline`: the general status of a user changed; `status`: the
   * status of a connection did. Emitted on every process where the user or one
   * of its followers is connected; `local` tells whether the change happened on
   * this process. `block`: `block` or `unblock` was called on this process. So register where the rooms run: a process without players
   * gets no events. May be called before the server listens. A listener that
   * throws is logged; the others are still called. Returns a function that
   * removes the listener.
   */
  on<K extends keyof PresenceEventMap>(type: K, listener: (event: PresenceEventMap[K]) => void): () => void {
    const name: unknown = type;
    if (typeof name !== 'string' || !Object.hasOwn(PRESENCE_EVENTS, name)) {
      throw invalid(`There is no event ${given(name)}${didYouMean(String(name), Object.keys(PRESENCE_EVENTS))}`);
    }
    if (typeof listener !== 'function') {
      throw invalid(`The listener of an event has to be a function, but is ${given(listener)}.`);
    }
    let stop: (() => void) | undefined;
    let stopped = false;
    if (isRunning()) {
      return eventsOf(this.#prefix).on(type, listener);
    }
    void matchMaker.onReady.then(() => {
      if (!stopped) {
        stop = eventsOf(this.#prefix).on(type, listener);
      }
    });
    return () => {
      stopped = true;
      stop?.();
    };
  }

  /**
   * How this process is, for load balancers and probes: whether the shared store
   * answers, the lease is held, and for how long the other processes may not have
   * been heard. Never throws. Cost: none worth counting; nothing is asked of the
   * store.
   *
   * While the store does not answer, players of one process still see each other:
   * take it as a reason to look, not to restart a process.
   *
   * @example
   * app.get('/health', (_request, response) => {
   *   const health = presence.health();
   *   response.status(health.ok ? 200 : 503).json(health);
   * });
   */
  health(): PresenceHealth {
    if (!isRunning()) {
      return plainHealth('idle');
    }
    return currentRuntime(this.#prefix)?.health ?? plainHealth(isShuttingDown() ? 'stopping' : 'idle');
  }

  /**
   * What this process holds and has counted since presence started on it; with
   * `'openmetrics'` as the text that Prometheus reads, or with `'prometheus'` in its older form. docs/operations.md says
   * what each means. All zero while no presence room runs. Cost: one step per
   * connection and per user known here; counting itself is one addition each.
   *
   * @example
   * app.get('/metrics', (_request, response) => {
   *   response.type(METRICS_TYPES.openmetrics).send(presence.metrics('openmetrics'));
   * });
   */
  metrics(): PresenceMetrics;
  metrics(format: MetricsFormat): string;
  metrics(format?: unknown): PresenceMetrics | string {
    const runtime = isRunning() ? currentRuntime(this.#prefix) : undefined;
    const metrics = runtime === undefined ? noMetrics() : metricsOf(runtime);
    if (format === undefined) {
      return metrics;
    }
    if (typeof format !== 'string' || !Object.hasOwn(METRICS_TYPES, format)) {
      throw invalid(`The format has to be 'openmetrics' or 'prometheus', or left out, but is ${given(format)}.`);
    }
    return metricsText(metrics, format as MetricsFormat);
  }

  /**
   * Why a viewer (all connections of a user, or one) sees a user as it does, on
   * whatever process they are: "why don't I see my friend?". It tells who is
   * invisible and who blocks whom: for support and game code, never for players.
   * `canFollow` is not asked; `redact` may be. Waits at most one second for the
   * processes. Cost: one message to, and one from, every process, and a read of
   * the shared store.
   *
   * @example
   * const { reason, message } = await presence.explain('ann', 'bob');   // 'blocked'
   */
  async explain(viewer: UserIdLike | Target, userId: UserIdLike): Promise<Explanation> {
    const target = requireTarget(typeof viewer === 'object' ? viewer : { userId: requireId(viewer) });
    const id = requireId(userId);
    const runtime = this.#runtime();
    const [[status], answers] = await Promise.all([
      queryUsers(runtime.tracker, [id]),
      runtime.inquiry.explain(target, id),
    ]);
    return explanationOf(status!, answers);
  }

  /**
   * What every process of the cluster says of itself: its health and metrics, the
   * users most followed, the clients that hear nothing, the last lines of its log.
   * Processes that do not answer are in the list, without `facts`. Waits at most
   * one second. Cost: one message to, and one from, every process, and there what
   * {@link metrics} costs. Do not ask on every tick.
   */
  async overview(): Promise<ClusterOverview> {
    return this.#runtime().inquiry.overview();
  }

  /**
   * A user as operators see it: its connections on all processes, their rooms,
   * since when, and who follows it. It tells who is invisible: never for players.
   * Waits at most one second. Cost: as {@link explain}.
   */
  async inspect(userId: UserIdLike): Promise<UserReport> {
    const id = requireId(userId);
    const runtime = this.#runtime();
    const [[status], answers] = await Promise.all([queryUsers(runtime.tracker, [id]), runtime.inquiry.user(id)]);
    return reportOf(status!, answers);
  }

  /**
   * Joins the cluster now and stays in it until the process shuts down, also
   * while it has no rooms. Otherwise a process joins with its first presence
   * room, or with the first call here, and leaves with its last room. A process
   * that is to take over the players of one that shuts down (a rolling deploy)
   * must have joined before. Idempotent.
   *
   * @example await server.listen(2567); presence.start();
   */
  start(): void {
    this.#runtime().keep();
    beforePresenceEnds(this.#leave);
  }

  /**
   * Leaves the cluster: now, or with the last presence room. Takes at most 5 s.
   * A shutdown of the Colyseus server does this by itself after `start()`, and
   * where rooms run.
   */
  async close(): Promise<void> {
    if (isRunning()) {
      await this.#leave();
    }
  }

  readonly #leave = async (): Promise<void> => {
    await currentRuntime(this.#prefix)?.letGo();
  };

  #block(user: UserIdLike, other: UserIdLike, blocked: boolean): Promise<Reached> {
    const userId = requireId(user);
    const blockedId = requireId(other);
    const reached = this.#everywhere({ kind: 'block', userId, blockedId, blocked });
    if (userId !== blockedId) {
      eventsOf(this.#prefix).tellBlock({ userId, blockedId, blocked, local: true });
    }
    return reached;
  }

  #everywhere(order: Order): Promise<Reached> {
    const runtime = this.#runtime();
    const command = { ...order, question: randomUUID() };
    return ask(runtime, command, applyCommand(runtime, command));
  }

  /** Here at once; to the other processes when it is stored, so that none can read what was before after it has heard. */
  #lock(userId: string, lock: Lock | undefined): Promise<Locked> {
    const runtime = this.#runtime();
    const command = { kind: 'lock', userId, ...lock, question: randomUUID() } as const;
    const own = applyCommand(runtime, command);
    return runtime.locks.keep(userId, lock).then(async (stored) => ({ ...(await ask(runtime, command, own)), stored }));
  }

  #runtime(): Runtime {
    if (!isRunning()) {
      throw new PresenceError('unavailable', {
        message: 'The Colyseus server has not started yet: call this after listen().',
      });
    }
    return currentRuntime(this.#prefix) ?? guestRuntime(this.#options);
  }

  get #prefix(): string {
    return this.#options.cluster.prefix;
  }
}

const PRESENCE_EVENTS: Record<keyof PresenceEventMap, true> = {
  online: true,
  offline: true,
  status: true,
  block: true,
};

async function ask(
  { census, tracker }: Runtime,
  command: Order & { question: string },
  own: Counts | Promise<Counts>,
): Promise<Reached> {
  const { connections, processes, complete } = await census.ask(tracker.cluster, command, own, ANSWER_TIMEOUT_MS);
  return { connections, processes, complete };
}

/** Whether Colyseus has created its presence, which everything here needs. */
function isRunning(): boolean {
  return (matchMaker.presence as unknown) !== undefined;
}

function requireIds(userIds: unknown): string[] {
  if (!Array.isArray(userIds)) {
    throw invalid(`The user ids have to be a list, but are ${given(userIds)}.`);
  }
  return userIds.map(requireId);
}

function requireId(userId: unknown): string {
  const id = toUserId(userId);
  if (id === undefined) {
    throw invalid(notAnId(userId));
  }
  return id;
}

function requireTarget(target: unknown): Addressee {
  const named: unknown =
    typeof target === 'object' && target !== null && 'userId' in target
      ? { ...target, userId: toUserId(target.userId) }
      : target;
  if (!isTarget(named)) {
    throw invalid(`The target has to be { userId } or { connectionId }, but is ${given(target)}.`);
  }
  return named;
}

function requireLock(options: unknown): boolean {
  const { lock = false, ...others } = (options ?? {}) as Record<string, unknown>;
  const isSound =
    typeof options === 'object' && options !== null && !Array.isArray(options) && Object.keys(others).length === 0;
  if (!isSound || typeof lock !== 'boolean') {
    throw invalid(`The options of setStatus have to be { lock: true }, or left out, but are ${given(options)}.`);
  }
  return lock;
}

function invalid(message: string): PresenceError {
  return new PresenceError('invalid_payload', { message });
}

/** The presence of the default cluster prefix. */
export const presence: PresenceServer = new PresenceServer();
