/**
 * Composition root: one runtime per process and key prefix, shared by every
 * presence-aware room of the process. Here the tracker gets the real clock,
 * real randomness, and Colyseus's match-maker and presence.
 */
import { randomBytes } from 'node:crypto';
import { LocalPresence, logger, matchMaker, type AuthContext, type Presence as ColyseusPresence } from '@colyseus/core';
import { applyCommand, parseCommand } from './commands.ts';
import { ColyseusMatchmaking } from './matchmaking.ts';
import { FrameCodec } from './frames.ts';
import { NullCluster } from './cluster/null-cluster.ts';
import { PresenceCluster } from './cluster/presence-cluster.ts';
import { newIncarnation } from './cluster/clock.ts';
import { ServerEvents } from './server-events.ts';
import { Tracker } from './tracker.ts';
import type { Cluster, ClusterHost } from './cluster/ports.ts';
import type { ClusterOptions, ResolvedOptions } from './options.ts';
import type { Connection } from './model.ts';
import type { Matchmaking } from './jump-in.ts';

export class Runtime {
  readonly tracker: Tracker;
  readonly codec = new FrameCodec();
  readonly clock: { now: () => number } = { now: () => Date.now() };
  readonly log: Pick<Console, 'warn' | 'error' | 'info'> = logger;
  readonly #matchmaking = new ColyseusMatchmaking();
  readonly #timings: string;
  readonly #onIdle: () => void;
  #users = 0;

  constructor(presence: ColyseusPresence, options: ResolvedOptions, events: ServerEvents, onIdle: () => void) {
    this.#timings = timingsOf(options.cluster);
    this.#onIdle = onIdle;
    this.tracker = new Tracker({
      cluster: (host) => makeCluster(host, presence, options),
      timing: {
        now: () => performance.now(),
        defer: (flush) => { setImmediate(flush); },
        later: (check, ms) => { setTimeout(check, ms).unref(); },
      },
      now: this.clock.now,
      newId: () => randomBytes(12).toString('base64url'),
      rememberOfflineMs: options.rememberOfflineHours * 3_600_000,
      rememberOfflineUsers: options.rememberOfflineUsers,
      handoverMs: options.cluster.handoverMs,
      onCommand: (value) => {
        const command = parseCommand(value);
        if (command !== null) {
          applyCommand(this, command);
        }
      },
    });
    this.tracker.outbox.onUpdate = (update) => { events.tell(update); };
  }

  get matchmaking(): Matchmaking {
    return this.#matchmaking;
  }

  /** Throws when a second kind of room wants other timings for the same cluster. */
  acquire(options: ResolvedOptions): this {
    if (timingsOf(options.cluster) !== this.#timings) {
      throw new TypeError('Presence-aware rooms of one process must agree on the option "cluster", or use different values of "cluster.prefix".');
    }
    this.#users++;
    return this;
  }

  /** Keeps what `presence:join` needs to authorize this viewer. */
  remember(connection: Connection, context: AuthContext | undefined): void {
    if (context !== undefined) {
      this.#matchmaking.remember(connection.viewer, context);
    }
  }

  /** Follows on the connection's behalf and sends it the snapshot. */
  async followFor(connection: Connection, userIds: readonly string[]): Promise<void> {
    const { users, evicted } = await this.tracker.follow(connection, userIds, 'server');
    connection.sink.unfollowed(evicted);
    if (users.length > 0) {
      connection.sink.snapshot(users, 'some');
    }
  }

  /** One user of the runtime less; the last one stops it. */
  async release(): Promise<void> {
    if (--this.#users === 0) {
      this.#onIdle();
      await this.tracker.stop();
    }
  }
}

interface Slot {
  runtime: Runtime | undefined;
  /** Outlives the runtime: listeners stay while rooms come and go. */
  events: ServerEvents;
}

// Keyed by Colyseus's presence instance, so that two servers in one process do not see each other.
const slots = new WeakMap<ColyseusPresence, Map<string, Slot>>();

function slotOf(prefix: string): Slot {
  const { presence } = matchMaker;
  let byPrefix = slots.get(presence);
  if (byPrefix === undefined) {
    byPrefix = new Map();
    slots.set(presence, byPrefix);
  }
  let slot = byPrefix.get(prefix);
  if (slot === undefined) {
    slot = { runtime: undefined, events: new ServerEvents((message) => { logger.error(message); }) };
    byPrefix.set(prefix, slot);
  }
  return slot;
}

/** The process's runtime, started if it is not running; `release()` it once. Call when a server listens (in `onCreate` at the earliest). */
export function acquireRuntime(options: ResolvedOptions): Runtime {
  const slot = slotOf(options.cluster.prefix);
  slot.runtime ??= new Runtime(matchMaker.presence, options, slot.events, () => { slot.runtime = undefined; });
  return slot.runtime.acquire(options);
}

/** The runtime if it is running. */
export function currentRuntime(prefix: string): Runtime | undefined {
  return slotOf(prefix).runtime;
}

export function eventsOf(prefix: string): ServerEvents {
  return slotOf(prefix).events;
}

function makeCluster(host: ClusterHost, presence: ColyseusPresence, { cluster, rememberOfflineHours }: ResolvedOptions): Cluster {
  const enabled = cluster.enabled === 'auto' ? !(presence instanceof LocalPresence) : cluster.enabled;
  if (!enabled) {
    return new NullCluster();
  }
  const made = new PresenceCluster(host, { presence, options: cluster, rememberOfflineHours, incarnation: newIncarnation(matchMaker.processId) });
  // Nobody waits for it: until the store answers, this process serves its own players.
  void made.start();
  return made;
}

function timingsOf(options: ClusterOptions): string {
  return JSON.stringify(Object.entries(options).sort(([a], [b]) => a.localeCompare(b)));
}
