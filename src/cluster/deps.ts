/** What a `PresenceCluster` is made of, with the defaults in one place. */
import { logger, type Presence } from '@colyseus/core';
import { systemClock, type Clock } from './clock.ts';
import type { Log } from './health.ts';
import type { ClusterOptions } from '../options.ts';

export interface ClusterDeps {
  /** Colyseus's own: `matchMaker.presence`. Never a room's: that one ends with the room. */
  presence: Presence;
  /** A name no other process and no other boot has; see `newIncarnation`. */
  incarnation: string;
  options: ClusterOptions;
  /** Hours for which `offline` is told from `unlogined`. 0 = not at all. */
  rememberOfflineHours: number;
  /** Default: Colyseus's logger. */
  log?: Log;
  /** Default: the machine's. */
  clock?: Clock;
  /** Milliseconds a command may take before the store counts as down. Default: a heartbeat, but from 250 to 1500. */
  timeoutMs?: number;
}

// Looked up at each use: the application may set its own logger at any time.
const colyseusLog: Log = {
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
    timeoutMs: Math.min(1500, Math.max(250, deps.options.heartbeatMs)),
    ...deps,
  };
}
