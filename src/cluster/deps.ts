/** The dependencies of a `PresenceCluster`, and their defaults. */
import { logger, type Presence } from '@colyseus/core';
import { systemClock, type Clock } from './clock.ts';
import { FORMATS, type Format } from './formats.ts';
import type { Log } from '../log-codes.ts';
import type { ClusterOptions } from '../options.ts';

export interface ClusterDeps {
  /** `matchMaker.presence`. Not the `presence` of a room: that one ends with the room. */
  presence: Presence;
  /** The unique name of this process; see `newIncarnation`. */
  incarnation: string;
  options: ClusterOptions;
  /** Hours for which a user that has gone is `offline`; afterwards it is `unlogined`. 0 = not at all. */
  rememberOfflineHours: number;
  /** The versions of the format between processes that it reads, the oldest first. Default: those of this release. */
  formats?: readonly [Format, ...Format[]];
  /** Default: Colyseus's logger. */
  log?: Log;
  /** Default: the system clock. */
  clock?: Clock;
  /** Milliseconds a command may take before the store counts as down. Default: one heartbeat, but at least 250 and at most 1500. */
  timeoutMs?: number;
}

// Looked up at each use: the application may set its own logger at any time.
export const colyseusLog: Log = {
  info: (message) => {
    logger.info(message);
  },
  warn: (message) => {
    logger.warn(message);
  },
  error: (message) => {
    logger.error(message);
  },
};

export function withDefaults(deps: ClusterDeps): Required<ClusterDeps> {
  return {
    log: colyseusLog,
    clock: systemClock,
    formats: FORMATS,
    timeoutMs: Math.min(1500, Math.max(250, deps.options.heartbeatMs)),
    ...deps,
  };
}
