/**
 * The seam between one process's tracker and the rest of the cluster. The
 * tracker never waits for the other side of this seam to serve its local
 * followers.
 *
 * What travels and what is stored is a *register*: everything one process says
 * about one user, whole, with a sequence number. A later register of the same
 * process replaces an earlier one, so a lost, doubled or reordered message
 * heals with the next.
 */
import type { GeneralStatus } from '../protocol.ts';

/** One visible connection inside a register. */
export interface RegisterEntry {
  connectionId: string;
  status: string;
  matchId?: string;
  /** When the status was set: milliseconds since the epoch on the owner's clock. */
  setAt: number;
  /** How often the connection was taken over; of two processes that claim it, the higher is right. Default 0. */
  takeovers?: number;
  /** Set while the client is away in its grace, and on a process that shuts down: until then (ms since the epoch) the connection may be taken over by a rejoin elsewhere. */
  handoverUntil?: number;
}

/** What one process says about one user. */
export interface Register {
  /** Higher is newer, per incarnation. */
  seq: number;
  username?: string;
  /** Visible connections on that process; empty = none (any more). */
  entries: RegisterEntry[];
  /** With no entries: how the last visible connection ended. */
  last?: Exclude<GeneralStatus, 'online'>;
}

/** Implemented by the tracker: what the cluster tells it and asks of it. */
export interface ClusterHost {
  /** A register of another process. Older `seq` than the last applied one of that incarnation is ignored by the tracker. */
  applyRegister(userId: string, incarnation: string, register: Register): void;
  /** What the shared store remembers of a user nobody announces: `offline` or `unlogined`. */
  applyRemembered(userId: string, last: Exclude<GeneralStatus, 'online'>): void;
  /** Drop all that this incarnation said (crashed, or its handover is over). */
  dropIncarnation(incarnation: string): void;
  /** What this process says about the user now; no entries when nothing of it is visible here. Assigns a fresh `seq`. A throw means that it is not known: nothing is written then, and it is asked again. */
  register(userId: string): Register;
  /** Users with at least one visible connection here (for re-registration). */
  announcedUsers(): Iterable<string>;
  /** A command another process sent to connections here (server API). */
  applyCommand(command: unknown): void;
}

/** Implemented by the cluster: what the tracker asks of it. */
export interface Cluster {
  /** This process, this boot. */
  readonly incarnation: string;
  /** Whether there is somewhere to hand connections over to when this process shuts down. */
  readonly handsOver: boolean;
  /**
   * Start to be told about `userId`. Resolves when what other processes say
   * about it has been handed to the host, or when the shared store cannot be
   * reached (it is then told later). Never rejects.
   */
  watch(userId: string): Promise<void>;
  /** Stop being told. Idempotent. */
  unwatch(userId: string): void;
  /** The user's visible connections here changed: publish and store `host.register(userId)`. Latest wins; never throws. */
  announce(userId: string): void;
  /**
   * A connection that another process let go of lives here now: what that
   * process said of the user is this from now on. If it has left and cannot
   * say so itself, this is said in its place. Never throws.
   */
  supersede(userId: string, incarnation: string, register: Register): void;
  /** Reads users without watching them: what the other processes say, per user. For queries. Missing ids have nothing. */
  read(userIds: readonly string[]): Promise<Map<string, RemoteUser>>;
  /** Sends a command to every other process. */
  broadcast(command: unknown): void;
  /** Announced exit. Registers with `handoverUntil` stay visible until then. Resolves when all is written, or after a bounded wait. */
  stop(): Promise<void>;
  /** Counters for operators and tests. */
  readonly stats: ClusterStats;
}

/** What `Cluster.read` finds about one user, over all other live processes. */
export interface RemoteUser {
  registers: Array<{ incarnation: string; register: Register }>;
  remembered?: Exclude<GeneralStatus, 'online'>;
}

export interface ClusterStats {
  /** Other live processes known now. */
  processes: number;
  watched: number;
  published: number;
  received: number;
  /** Messages and entries dropped because they were malformed, foreign or of an unknown version. */
  dropped: number;
  /** `up`, or `down` while the shared store cannot be reached. */
  state: 'up' | 'down';
}
