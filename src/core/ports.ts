/**
 * The seam between one process's tracker and the rest of the cluster. The
 * tracker never waits for the other side of this seam to serve its local
 * followers.
 *
 * Processes exchange and store *registers*: the complete state of one user on
 * one process, with a sequence number. A later register of the same process
 * replaces an earlier one, so the next message repairs the effect of a lost,
 * duplicated or reordered one.
 */
import type { EndedStatus } from '../protocol.ts';
import type { HistogramFacts } from './histogram.ts';
import type { Register } from './registers.ts';

/** Implemented by the tracker: what the cluster tells it and asks of it. */
export interface ClusterHost {
  /** A register of another process. See `Registers.merge` for what of it is new. */
  applyRegister(userId: string, incarnation: string, register: Register): void;
  /** What the shared store remembers of a user nobody announces: `offline` or `unlogined`. */
  applyRemembered(userId: string, last: EndedStatus): void;
  /** All that the other processes say of the user has been told. */
  applyRead(userId: string): void;
  /** Drop all registers of this incarnation (it crashed, or its handoff is over). */
  dropIncarnation(incarnation: string): void;
  /** The registers of the other processes about the user, by incarnation; empty if the user is not watched. */
  heardOf(userId: string): ReadonlyMap<string, Register>;
  /** Users of whom a connection was taken over here from `incarnation`, while that process has not yet said that it gave the connection up. */
  retractedFrom(incarnation: string): Iterable<string>;
  /** Processes as in {@link retractedFrom} for which `isDue` is true, each with its register without the connections that were taken over. Returns each once. */
  takeRetracted(
    userId: string,
    isDue: (incarnation: string) => boolean,
  ): Array<[incarnation: string, register: Register]>;
  /** What this process says about the user now; no entries when nothing of it is visible here. Assigns a fresh `seq`. A throw means that it is not known: nothing is written then, and it is asked again. */
  register(userId: string): Register;
  /** From now on `register` numbers above `seq`: somebody has a register of this process with that number. */
  raiseSeq(seq: number): void;
  /** Users with at least one visible connection here (for re-registration). */
  announcedUsers(): Iterable<string>;
  /** A command another process sent to connections here (server API). */
  applyCommand(command: unknown): void;
}

/** Implemented by the cluster: what the tracker asks of it. */
export interface Cluster {
  /** This process, this boot. */
  readonly incarnation: string;
  /** Whether there is somewhere to hand connections off to when this process shuts down. */
  readonly canHandOff: boolean;
  /**
   * Start to be told about `userId`. Resolves when what other processes say
   * about it has been handed to the host, or when the shared store cannot be
   * reached (it is then told later). Never rejects. `asker`: who waits for it;
   * askers take turns. Call it again for another one who waits.
   */
  watch(userId: string, asker?: object): Promise<void>;
  /** Stop being told. Idempotent. */
  unwatch(userId: string): void;
  /** The user's visible connections here changed: publish and store `host.register(userId)`. Latest wins; never throws. */
  announce(userId: string): void;
  /**
   * Whether the host has been told everything that the other processes say of this watched user: it was read, and the
   * shared store answers.
   */
  knows(userId: string): boolean;
  /**
   * Changes nothing, and takes as long as the first `watch` of a user: for a user that is known here and must look absent.
   * If one for this user is under way, `asker` waits for that one.
   */
  retrace(userId: string, asker?: object): Promise<void>;
  /**
   * Reads what the other processes say of users, without watching them. For queries. A user that is missing in the result
   * could not be read. Takes as long for a user that some process has as for one that none has. Never rejects.
   */
  read(userIds: readonly string[], asker?: object): Promise<Map<string, RemoteUser>>;
  /** Runs `work` and settles like it, but only on a tick, so that the time of an answer to a client does not tell what the store holds. */
  onTick<T>(work: () => Promise<T>): Promise<T>;
  /** Sends a command to every other process. */
  broadcast(command: unknown): void;
  /** Announced exit. Registers with `handoffUntil` stay visible until then. Resolves when all is written, or after a bounded wait. */
  stop(): Promise<void>;
  /** Counters for operators and tests. */
  readonly stats: ClusterStats;
  /** The other processes, as far as they are known here and have not left. */
  readonly peers: readonly PeerFacts[];
}

/** What `Cluster.read` finds about one user, over all other live processes. */
export interface RemoteUser {
  registers: Array<{ incarnation: string; register: Register }>;
  remembered?: EndedStatus;
}

export interface ClusterStats {
  /** Other live processes known now. */
  processes: number;
  watched: number;
  published: number;
  received: number;
  /** Messages and entries dropped because they were malformed, foreign or of an unknown version. */
  dropped: number;
  /** Keys of the shared store that held something of another kind than they should, and were removed. */
  repaired: number;
  /** `up`, or `down` while the shared store cannot be reached. */
  state: 'up' | 'down';
  /** The version of the format that this process writes now: the newest that all processes read. */
  format: number;
  link: LinkFacts;
  pulse: PulseFacts;
}

/** Another process. */
export interface PeerFacts {
  readonly incarnation: string;
  /** `silent`: its lease is being looked at. `gone`: it has crashed, and what it left is being removed. `leaving`: it shuts down. */
  readonly state: 'up' | 'silent' | 'gone' | 'leaving';
  /** Milliseconds since a message of it arrived. */
  readonly silentMs: number;
}

/** Times are milliseconds ago; `undefined`: never. */
export interface PulseFacts {
  /** The store answered a command. */
  readonly answeredMs: number | undefined;
  /** A message arrived on the topic of all processes. */
  readonly heardMs: number | undefined;
  /** Messages of other processes may have been missed for this long; 0 while the own heartbeats come back. */
  readonly behindMs: number;
  readonly leaseRenewedMs: number | undefined;
  /** When the lease was acquired that is still held. */
  readonly leaseHeldMs: number | undefined;
  /** Commands that failed or took too long. */
  readonly failed: number;
  /** How long the commands took that were answered. */
  readonly latency: HistogramFacts;
}

/** The connections to the shared store. */
export interface LinkFacts {
  /** The state of each connection as its client reports it (`ready`, `reconnecting` …); `undefined` when the `Presence` shows no such connection. */
  readonly commands: string | undefined;
  readonly messages: string | undefined;
  /** New connections opened because one that counted as open was dead. */
  readonly renewals: number;
}
