/** What every measured server gives to the process that runs it. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Presence } from '../../src/protocol.ts';
import type { SystemName } from '../systems.ts';

export interface ServerPlan {
  system: SystemName;
  /** Port of a Redis to share with other server processes. */
  redisPort?: number;
  /** Misbehave on every n-th delivery, to prove that the checker sees it. Bare `ws` only. */
  fault?: Fault;
}

export interface Fault {
  kind: 'drop' | 'foreign' | 'stale' | 'repeat';
  every: number;
}

export interface Running {
  port: number;
  /** Creates a room on this very process; only Colyseus has any. */
  createRoom?: () => Promise<string>;
}

/** Port 0: the system picks a free one. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve));
  return (server.address() as AddressInfo).port;
}

/** The peers' presence: the same fields as the plugin's, so that the bytes compare. */
export function presenceOf(userId: string, connectionId: string, status: string): Presence {
  return { userId, connectionId, status };
}
