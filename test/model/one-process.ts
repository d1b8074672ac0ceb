/** A story's stage of one process, this one. */
import { presence } from '../../src/index.ts';
import { deliveryOf } from '../processes/support/delivery.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { LIMITS } from './model.ts';
import type { Stage } from './story.ts';

export async function oneProcess(): Promise<Stage & { stop(): Promise<void> }> {
  const server: TestServer = await startServer({ ...LIMITS, rateLimit: 1e6, rateLimitIds: 1e9 });
  return {
    places: 1,
    settleMs: 5000,
    client: (_, userId) => server.client(userId),
    api: (_, method, ...args) => (presence[method].bind(presence) as (...all: unknown[]) => Promise<unknown>)(...args),
    deliveryOf: (_, userId, connectionId) => Promise.resolve(deliveryOf(userId, connectionId)),
    kill: () => Promise.reject(new Error('This process is needed.')),
    stop: () => server.stop(),
  };
}
