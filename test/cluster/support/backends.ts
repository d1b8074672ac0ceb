/** The two stores the contract suite runs on. */
import { once, type EventEmitter } from 'node:events';
import { LocalPresence, type Presence } from '@colyseus/core';
import { RedisPresence } from '@colyseus/redis-presence';
import { startRedis, type TestRedis } from '../../support/redis.ts';

export interface Store {
  /** Another process's connection to the same store. */
  connect(): Presence;
  disconnect(presence: Presence): Promise<void>;
  keys(prefix: string): Promise<string[]>;
  topics(prefix: string): Promise<string[]>;
  stop(): Promise<void>;
}

export function localStore(): Store {
  const shared = new LocalPresence();
  shared.setMaxListeners(0);
  return {
    connect: () => shared,
    disconnect: () => Promise.resolve(),
    keys: (prefix) =>
      Promise.resolve(
        [
          ...Object.keys(shared.keys),
          // It keeps what was emptied; Redis does not.
          ...Object.keys(shared.data).filter((key) => shared.data[key]!.length > 0),
          ...Object.keys(shared.hash).filter((key) => Object.keys(shared.hash[key]!).length > 0),
        ].filter((key) => key.startsWith(`${prefix}:`)),
      ),
    topics: (prefix) => shared.channels(`${prefix}:*`),
    stop: () => Promise.resolve(),
  };
}

export function redisStore(redis: TestRedis): Store {
  const list = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  return {
    connect: () => new RedisPresence(redis.url),
    disconnect: endConnections,
    keys: async (prefix) => list(await redis.cli('KEYS', `${prefix}:*`)),
    topics: async (prefix) => list(await redis.cli('PUBSUB', 'CHANNELS', `${prefix}:*`)),
    stop: () => redis.stop(),
  };
}

interface Client extends EventEmitter {
  readonly status: string;
}

/** A client that waits to connect anew is ended by `shutdown()` at once, and says nothing. */
const SILENT = new Set(['end', 'reconnecting']);

/** `shutdown()` does not wait, and its own promises fail when the server goes first. */
export async function endConnections(presence: Presence): Promise<void> {
  const { sub, pub } = presence as unknown as { sub: Client; pub: Client };
  const ended = [sub, pub].filter(({ status }) => !SILENT.has(status)).map((client) => once(client, 'end'));
  presence.shutdown();
  await Promise.all(ended);
}

/** LocalPresence, and RedisPresence where there is a Redis. The caller stops them. */
export async function startStores(): Promise<Array<[name: string, store: Store]>> {
  const redis = await startRedis();
  return [
    ['LocalPresence', localStore()],
    ...(redis === null ? [] : [['RedisPresence', redisStore(redis)] as [string, Store]]),
  ];
}
