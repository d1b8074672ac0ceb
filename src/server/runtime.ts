/**
 * Composition root: one runtime per process and key prefix, shared by every
 * presence-aware room of the process. Here the tracker gets the real clock,
 * real randomness, and Colyseus's match-maker and presence.
 */
import { randomBytes } from 'node:crypto';
import { LocalPresence, matchMaker, type Presence as ColyseusPresence } from '@colyseus/core';
import { hearCommand } from './commands.ts';
import { Budgets } from '../core/budgets.ts';
import { QuietLog } from './quiet-log.ts';
import { Census } from './census.ts';
import { Claims } from './claims.ts';
import { healthOf, plainHealth } from './health.ts';
import { Meters } from './meters.ts';
import { Inquiry } from './inquiry.ts';
import { Invitations } from './invitations.ts';
import { isInviteNews } from './invite-news.ts';
import { ColyseusMatchmaking, type Entrance } from './matchmaking.ts';
import { FrameCodec } from '../wire/frames.ts';
import { keyedHash } from '../wire/keyed-hash.ts';
import { colyseusLog } from '../cluster/deps.ts';
import { NullCluster } from '../cluster/null-cluster.ts';
import { PresenceCluster } from '../cluster/presence-cluster.ts';
import { newIncarnation } from '../cluster/clock.ts';
import { OfflineMemory } from '../core/offline-memory.ts';
import { ServerEvents } from './events.ts';
import { Locks } from './locks.ts';
import { isShuttingDown } from './shutdown.ts';
import { PartyStore } from './party-store.ts';
import { ownTexts, sharedTexts, type Texts } from './texts.ts';
import { isPartyNews } from './party-news.ts';
import { Parties } from './parties.ts';
import { PartyStart, type PartyStartDeps } from './party-start.ts';
import { PresenceError } from '../protocol.ts';
import { Refs } from '../core/refs.ts';
import { processFacts } from './process-facts.ts';
import { SharedSeats } from './shared-seats.ts';
import { Tracker } from '../core/tracker.ts';
import type { PresenceHealth } from './report-types.ts';
import type { Log } from '../log-codes.ts';
import type { Cluster, ClusterHost } from '../core/ports.ts';
import { DEFAULTS, type ClusterOptions, type JoinOptions, type ResolvedOptions } from '../options.ts';
import type { Connection } from '../core/model.ts';
import type { Matchmaking } from '../core/join-friend.ts';

export class Runtime {
  readonly tracker: Tracker;
  readonly codec: FrameCodec;
  readonly census = new Census();
  readonly inquiry: Inquiry;
  readonly budgets = new Budgets();
  readonly meters = new Meters();
  /** The rate limits of invites and asks: by user, and by pair of users. */
  readonly inviteBudgets = new Budgets();
  readonly invitations: Invitations;
  readonly locks: Locks;
  readonly parties: Parties;
  readonly partyStart: PartyStart;
  readonly clock: { now: () => number } = { now: () => Date.now() };
  readonly log: QuietLog;
  readonly #matchmaking: ColyseusMatchmaking;
  readonly startedAt = this.clock.now();
  readonly #timings: string;
  readonly #leaseMs: number;
  readonly isShared: boolean;
  readonly #onIdle: () => void;
  #rooms = 0;
  #isKept = false;

  constructor(
    presence: ColyseusPresence,
    options: ResolvedOptions,
    { events, memory, log, texts: own }: Heritage,
    onIdle: () => void,
  ) {
    this.log = log;
    this.#timings = timingsOf(options.cluster);
    this.#leaseMs = options.cluster.leaseMs;
    this.#onIdle = onIdle;
    const isShared = hasOthers(presence, options.cluster);
    this.isShared = isShared;
    this.#matchmaking = new ColyseusMatchmaking(
      isShared ? new SharedSeats(presence, options.cluster.prefix) : undefined,
    );
    const refs = new Refs(keyedHash());
    this.codec = new FrameCodec(refs);
    this.tracker = new Tracker({
      cluster: (host) => makeCluster(host, presence, options, this.log),
      timing: {
        now: () => performance.now(),
        defer: (flush) => {
          setImmediate(flush);
        },
        later: (check, ms) => {
          setTimeout(check, ms).unref();
        },
      },
      now: this.clock.now,
      newId: () => randomBytes(12).toString('base64url'),
      refs,
      rememberOfflineMs: options.rememberOfflineHours * 3_600_000,
      rememberOfflineUsers: options.rememberOfflineUsers,
      memory,
      handoffMs: options.cluster.handoffMs,
      onCommand: (value) => {
        if (isInviteNews(value)) {
          this.invitations.hear(value);
        } else if (isPartyNews(value)) {
          this.partyStart.hear(value);
        } else {
          hearCommand(this, value);
        }
      },
    });
    this.inquiry = new Inquiry(this.tracker, this.clock.now, () => processFacts(this, process.pid, this.clock.now()));
    this.invitations = new Invitations({
      tracker: this.tracker,
      claims: new Claims(isShared ? { store: presence, prefix: options.cluster.prefix } : undefined),
      now: () => performance.now(),
      newId: () => randomBytes(16).toString('base64url'),
    });
    const texts = isShared ? sharedTexts(presence, options.cluster.prefix) : own;
    this.locks = new Locks({ tracker: this.tracker, texts, log });
    const newPartyId = (): string => randomBytes(12).toString('base64url');
    this.parties = new Parties(
      {
        tracker: this.tracker,
        store: new PartyStore(texts),
        claims: new Claims(isShared ? { store: presence, prefix: options.cluster.prefix } : undefined),
        newId: newPartyId,
      },
      options.partyAwaySeconds,
    );
    this.partyStart = new PartyStart({
      tracker: this.tracker,
      parties: this.parties,
      newId: newPartyId,
      prepare: (...asked) => this.prepareMember(...asked),
      reserve: (...asked) => this.#matchmaking.reserveAll(...asked),
    });
    this.tracker.outbox.onUpdate = (update) => {
      events.tell(update);
    };
  }

  /** Whether a member of a party may join. Set by `rooms/engine.ts`, which this ring must not import. */
  prepareMember: PartyStartDeps['prepare'] = () => Promise.reject(new PresenceError('unavailable'));

  /** A match for a party, as if this connection had created it. */
  createMatch({ viewer, options }: Connection, name: string, joinOptions: JoinOptions): Promise<string> {
    return this.#matchmaking.create(name, viewer, options.identify, joinOptions);
  }

  get matchmaking(): Matchmaking {
    return this.#matchmaking;
  }

  /** How this process is. */
  get health(): PresenceHealth {
    if (this.isShared) {
      return healthOf(this.tracker.cluster.stats, this.#leaseMs, isShuttingDown());
    }
    return plainHealth(isShuttingDown() ? 'stopping' : 'single');
  }

  /** Whether it keeps running without rooms. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** From now on it keeps running without rooms, until `letGo()` or the shutdown of the process. */
  keep(): void {
    this.#isKept = true;
  }

  /** Ends `keep()`: without rooms it stops now, else with the last one. */
  async letGo(): Promise<void> {
    this.#isKept = false;
    await this.stopIfUnused();
  }

  /** Whether no room holds it: the server API has started it. */
  get isGuest(): boolean {
    return this.#rooms === 0;
  }

  suits({ cluster }: ResolvedOptions): boolean {
    return timingsOf(cluster) === this.#timings;
  }

  /** A room begins. Throws when a second kind of room wants other timings for the same cluster. */
  acquire(options: ResolvedOptions): this {
    if (!this.suits(options)) {
      throw new TypeError(
        'Presence-aware rooms of one process must agree on the option "cluster", or use different values of "cluster.prefix".',
      );
    }
    this.#rooms++;
    return this;
  }

  /** Keeps what `presence:join` needs to authorize this viewer. */
  remember(connection: Connection, entrance: Entrance | undefined): void {
    if (entrance !== undefined) {
      this.#matchmaking.remember(connection.viewer, entrance);
    }
  }

  /** A room ends; the last one stops the runtime, unless it is kept. */
  async release(): Promise<void> {
    this.#rooms--;
    this.#isKept &&= !isShuttingDown();
    await this.stopIfUnused();
  }

  async stopIfUnused(): Promise<void> {
    if (this.isGuest && !this.#isKept) {
      this.#onIdle();
      this.invitations.stop();
      this.parties.stop();
      this.locks.stop();
      await this.tracker.stop();
    }
  }
}

/** What outlives a runtime: rooms come and go, and the last one to go stops it. */
interface Heritage {
  readonly events: ServerEvents;
  readonly memory: OfflineMemory;
  /** Of a single process. */
  readonly texts: Texts;
  readonly log: QuietLog;
}

interface Slot extends Heritage {
  runtime: Runtime | undefined;
  /** Whether a presence-aware room has decided how long and of how many users `offline` is remembered. */
  isMemoryLimited: boolean;
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
    const log = new QuietLog(colyseusLog, () => Date.now());
    slot = {
      log,
      runtime: undefined,
      isMemoryLimited: false,
      events: new ServerEvents((line) => {
        log.error(line);
      }),
      texts: ownTexts(() => performance.now()),
      memory: new OfflineMemory(DEFAULTS.rememberOfflineHours * 3_600_000, DEFAULTS.rememberOfflineUsers),
    };
    byPrefix.set(prefix, slot);
  }
  return slot;
}

/** The process's runtime for a room, started if it is not running; `release()` it once. Call when a server listens (in `onCreate` at the earliest). */
export function acquireRuntime(options: ResolvedOptions, isMatch = false): Runtime {
  const slot = slotOf(options.cluster.prefix);
  const { runtime } = slot;
  if (!isMatch && !slot.isMemoryLimited) {
    slot.isMemoryLimited = true;
    slot.memory.limit(options.rememberOfflineHours * 3_600_000, options.rememberOfflineUsers);
    slot.runtime?.parties.limit(options.partyAwaySeconds);
  }
  if (runtime?.isGuest === true && !runtime.suits(options)) {
    // The server API has started it with the default timings.
    const { isKept } = runtime;
    void runtime.letGo();
    const suiting = start(slot, options);
    if (isKept) {
      suiting.keep();
    }
    return suiting.acquire(options);
  }
  return start(slot, options).acquire(options);
}

/** The process's runtime for the server API: started if it is not running, and stopped with the last room, or by `letGo()`. */
export function guestRuntime(options: ResolvedOptions): Runtime {
  return start(slotOf(options.cluster.prefix), options);
}

function start(slot: Slot, options: ResolvedOptions): Runtime {
  const runtime =
    slot.runtime ??
    new Runtime(matchMaker.presence, options, slot, () => {
      if (slot.runtime === runtime) {
        slot.runtime = undefined;
        slot.isMemoryLimited = false;
      }
    });
  slot.runtime = runtime;
  return runtime;
}

/** The runtime if it is running. */
export function currentRuntime(prefix: string): Runtime | undefined {
  return slotOf(prefix).runtime;
}

export function eventsOf(prefix: string): ServerEvents {
  return slotOf(prefix).events;
}

function makeCluster(
  host: ClusterHost,
  presence: ColyseusPresence,
  { cluster, rememberOfflineHours }: ResolvedOptions,
  log: Log,
): Cluster {
  if (!hasOthers(presence, cluster)) {
    return new NullCluster();
  }
  const made = new PresenceCluster(host, {
    presence,
    options: cluster,
    log,
    rememberOfflineHours,
    incarnation: newIncarnation(matchMaker.processId),
  });
  // Nobody waits for it: until the store answers, this process serves its own players.
  void made.start();
  return made;
}

/** Whether there may be other processes. */
function hasOthers(presence: ColyseusPresence, { enabled }: ClusterOptions): boolean {
  return enabled === 'auto' ? !(presence instanceof LocalPresence) : enabled;
}

function timingsOf(options: ClusterOptions): string {
  return JSON.stringify(Object.entries(options).sort(([a], [b]) => a.localeCompare(b)));
}
