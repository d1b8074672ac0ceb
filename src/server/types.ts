/** What the server API takes and gives. Nothing here knows the tracker: these are the types a game's code sees. */
import type { UserIdLike } from '../ids.ts';
import type { GeneralStatus, Presence } from '../protocol.ts';

/** One connection, or all connections of a user. */
export type Target = { connectionId: string } | { userId: UserIdLike };

/** What a command of the server API has reached. */
export interface Reached {
  /** Connections the command was applied to, on all processes that have answered; 0 = nobody was there. */
  connections: number;
  /** Processes that have answered, this one included. */
  processes: number;
  /** Whether every process known to this one has answered in time. */
  complete: boolean;
}

/** What a lock of a status, or its end, has reached. */
export interface Locked extends Reached {
  /** Whether later connections have it, too. `false`: the shared store did not take it; call again. */
  stored: boolean;
}

export interface Counts {
  /** Distinct users with a connection, visible or not. */
  users: number;
  /** Clients in presence-aware rooms. */
  connections: number;
  /** Users that appear online. */
  online: number;
}

export interface ClusterCounts extends Counts {
  /** Processes that were counted, this one included. A process without presence rooms takes no part. */
  processes: number;
  /** Whether every process known to this one has answered in time. */
  complete: boolean;
}

interface EventOrigin {
  /**
   * Whether a connection of this process caused it. Every process that knows
   * the user emits it: act only on `local` events to act once per cluster.
   * When a process crashes, the events about its players are `local` on no process.
   */
  local: boolean;
}

/** A user came online or went offline. */
export interface GeneralEvent extends EventOrigin {
  userId: string;
  username?: string;
  general: GeneralStatus;
}

/** A connection's status was set, changed or cleared. */
export interface StatusEvent extends EventOrigin {
  userId: string;
  connectionId: string;
  /** `undefined`: it was not visible before. */
  before?: Presence;
  /** `undefined`: it is not visible any more. */
  after?: Presence;
}

/** `presence.block` or `presence.unblock` was called, on this process: it is for the game to store. */
export interface BlockEvent extends EventOrigin {
  /** Who blocks. */
  userId: string;
  /** To whom `userId` looks offline. */
  blockedId: string;
  /** `false`: the block has ended. */
  blocked: boolean;
}

export interface PresenceEventMap {
  /** Told once per call, where it was made, also when nothing changes; `local` is always true. */
  block: BlockEvent;
  online: GeneralEvent;
  /** Both `offline` and `unlogined`; `general` tells which. */
  offline: GeneralEvent;
  status: StatusEvent;
}
