/** How much this process holds, after a garbage collection. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { currentRuntime } from '../../../src/server/runtime.ts';

export interface Resources {
  heapMb: number;
  /** Handles, requests and timers that keep the event loop busy. */
  resources: number;
  /** Of the process itself. */
  listeners: number;
  /** Users and connections that the tracker knows. */
  users: number;
  connections: number;
}

export function resources(): Resources {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const tracker = currentRuntime('presence')?.tracker;
  return {
    heapMb: process.memoryUsage().heapUsed / 2 ** 20,
    resources: process.getActiveResourcesInfo().length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    users: tracker?.users.byId.size ?? 0,
    connections: tracker?.connections.size ?? 0,
  };
}
