/** What the server API tells operators: health, explanations, reports of a user. These are the types a game's code sees. */
import type { GeneralStatus, Presence } from '../protocol.ts';

/**
 * - `idle`: no presence room runs here and `presence.start()` was not called: there is nothing to watch.
 * - `single`: one process, no shared store.
 * - `starting`: it has not reached the store yet.
 * - `up`: it beats, and its heartbeats come back.
 * - `behind`: the store answers, but for longer than a lease no heartbeat came back, or the lease was not renewed: other processes are shown as last seen.
 * - `down`: the store does not answer; players of this process still see each other.
 * - `stopping`: Colyseus shuts the process down.
 */
export type HealthState = 'idle' | 'single' | 'starting' | 'up' | 'behind' | 'down' | 'stopping';

/** How this process is. Milliseconds, as of the call. */
export interface PresenceHealth {
  /** Whether all is as it should be: `idle`, `single` or `up`. */
  ok: boolean;
  state: HealthState;
  /** Live processes known here, this one included. */
  processes: number;
  /** Messages of other processes may have been missed here for this long. 0 while the own heartbeats come back. */
  behindMs: number;
  /** Absent where there is no shared store. */
  redis?: {
    reachable: boolean;
    /** Since it answered last; absent: never. */
    lastAnswerMs?: number;
    /** Since a message of any process, also of this one, arrived; absent: never. */
    lastHeardMs?: number;
    /** Connections that were replaced because one that counted as open was dead. */
    renewals: number;
  };
  /** What keeps the players of this process visible to the others. Absent where there is no shared store. */
  lease?: {
    held: boolean;
    /** Since it was acquired, without being lost since. */
    heldForMs?: number;
    /** Until it expires, unless it is renewed. */
    expiresInMs?: number;
  };
}

/**
 * Why a viewer sees a user as it does, the first that applies:
 *
 * - `visible`: it sees the user.
 * - `self`: it is the user.
 * - `blocked`: the user has blocked the viewer.
 * - `refused`: `canFollow` has refused the follow.
 * - `not_followed`: it does not follow the user.
 * - `unknown`: the shared store does not answer, and nothing is known here.
 * - `invisible`: the user is connected and has not set a status, or cleared it.
 * - `offline`, `unlogined`: the user is not connected.
 * - `redacted`: `redact` takes away all there is to see.
 * - `away`: the viewer's connection is in its reconnection grace.
 * - `behind`: the viewer does not read fast enough; it gets a snapshot as soon as it does.
 * - `viewer_offline`: the viewer has no connection.
 */
export type ExplainReason =
  | 'visible'
  | 'self'
  | 'blocked'
  | 'refused'
  | 'not_followed'
  | 'unknown'
  | 'invisible'
  | 'offline'
  | 'unlogined'
  | 'redacted'
  | 'away'
  | 'behind'
  | 'viewer_offline';

/** What one connection of the viewer sees. */
export interface ExplainedView {
  connectionId: string;
  /** The process it is connected to. */
  process: string;
  reason: ExplainReason;
  /** Whether it follows the user. */
  follows: boolean;
  /** What it is shown. */
  general: GeneralStatus;
  presences: Presence[];
  /** Presences that `redact` takes away from it. */
  redacted: number;
}

export interface Explanation {
  /** Of the connection that sees most. */
  reason: ExplainReason;
  /** The reason as a sentence, without user text. */
  message: string;
  /** One for each connection of the viewer. */
  views: ExplainedView[];
  /** The user as it is. `general`: what everybody else may see; `connections`, `invisible`: those it has, and those of them that show nothing. */
  user: { general: GeneralStatus; presences: Presence[]; connections: number; invisible: number };
  /** Processes that have answered, this one included. */
  processes: number;
  /** Whether every process known to this one has answered in time. If not, connections may be missing. */
  complete: boolean;
}

/** One connection of a user, as the process says that has it. */
export interface ConnectionReport {
  connectionId: string;
  process: string;
  /** `null`: invisible. */
  status: string | null;
  /** The presence-aware room; absent where it is not known. */
  roomId?: string;
  roomName?: string;
  /** Milliseconds since it joined. */
  sinceMs: number;
  /** `live`, `behind` (does not read fast enough) or `away` (in its reconnection grace); `moved`, `gone`: it ends just now. */
  delivery: 'live' | 'behind' | 'away' | 'moved' | 'gone';
  follows: number;
}

export interface UserReport {
  userId: string;
  general: GeneralStatus;
  /** What its followers see, before blocks and `redact`. */
  presences: Presence[];
  connections: ConnectionReport[];
  /** Connections that follow it, on all processes that have answered. */
  followers: number;
  /** Users that follow it, at most 100 of each process. */
  followedBy: string[];
  processes: number;
  complete: boolean;
}

/** Durations, counted by size. */
export interface Durations {
  count: number;
  /** All of them together, in milliseconds. */
  sumMs: number;
  /** By bucket: up to 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500 ms, and above. Not cumulative. */
  buckets: number[];
}

/** What this process holds now, and what it has counted since presence started on it. docs/operations.md says what each means. */
export interface PresenceMetrics {
  processes: number;
  users: number;
  online: number;
  connections: number;
  visible: number;
  stale: number;
  follows: number;
  records: number;
  joins: number;
  joinsRefused: Record<string, number>;
  calls: Record<string, number>;
  callsRefused: Record<string, number>;
  closed: number;
  flushes: number;
  deliveries: number;
  updates: number;
  resyncs: number;
  flushBusyMs: number;
  flushLatency: Durations;
  logLines: Record<string, number>;
  /** Absent where there is no shared store. */
  redis?: {
    up: boolean;
    behindMs: number;
    latency: Durations;
    failed: number;
    published: number;
    received: number;
    dropped: number;
    repaired: number;
    renewals: number;
    watched: number;
  };
}

/** What one process says of itself. */
export interface ProcessFacts {
  /** Of the operating system. */
  pid: number;
  /** Since presence started on it. */
  uptimeMs: number;
  health: PresenceHealth;
  metrics: PresenceMetrics;
  /** The users that most connections of this process follow, at most 10. */
  mostFollowed: Array<{ userId: string; followers: number }>;
  /** Connections that hear nothing now, at most 20. */
  stale: Array<{ userId: string; connectionId: string; delivery: 'behind' | 'away' }>;
  /** Lines it has logged last, oldest first. */
  log: Array<{ agoMs: number; line: string }>;
}

/** A process of the cluster, as the asking one knows it. */
export interface ProcessReport {
  process: string;
  /** `self`: the asking one. `silent`: not heard for a lease. `gone`: crashed. `leaving`: it shuts down. */
  state: 'self' | 'up' | 'silent' | 'gone' | 'leaving';
  /** Since it was heard. */
  silentMs: number;
  /** Absent: it has not answered in time, or its version does not know the question. */
  facts?: ProcessFacts;
}

export interface ClusterOverview {
  processes: ProcessReport[];
  /** Whether every process known to this one has answered in time. */
  complete: boolean;
}
