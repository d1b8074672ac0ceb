/** Several `Presence`s as one: each key and topic lives on one of them, chosen by its name. As `docs/scaling.md` shows it. */
import { createHash } from 'node:crypto';
import type { Presence } from '@colyseus/core';

type Method = (key: string, ...rest: unknown[]) => unknown;
interface Client {
  status: string;
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
  disconnect(reconnect: boolean): void;
}

/** Which of `count` shards has the key or topic. */
export function shardIndex(key: string, count: number): number {
  return createHash('sha1').update(key).digest().readUInt32BE() % count;
}

export function sharded(shards: readonly Presence[]): Presence {
  const shardOf = (key: string): Presence => shards[shardIndex(key, shards.length)]!;
  const all =
    (name: 'shutdown' | 'setMaxListeners') =>
    (most: number): void => {
      shards.forEach((shard) => {
        shard[name](most);
      });
    };
  const own: Record<string, unknown> = {
    // When any of the subscriber connections was replaced, what it missed is read again.
    sub: together((shards as unknown as Array<{ sub: Client }>).map(({ sub }) => sub)),
    pub: together((shards as unknown as Array<{ pub: Client }>).map(({ pub }) => pub)),
    shutdown: all('shutdown'),
    setMaxListeners: all('setMaxListeners'),
  };
  return new Proxy(shards[0]!, {
    get: (first, name) => {
      const value: unknown = own[String(name)] ?? Reflect.get(first, name);
      return typeof value !== 'function' || Object.hasOwn(own, name)
        ? value
        : (key: string, ...rest: unknown[]) =>
            (shardOf(key) as unknown as Record<string, Method>)[String(name)]!(key, ...rest);
    },
  });
}

/** The connections of one kind as one: which of them is dead is not known, so all are replaced. */
function together(clients: readonly Client[]): Client {
  return {
    get status() {
      return clients.find(({ status }) => status !== 'ready')?.status ?? 'ready';
    },
    on: (event, listener) => {
      clients.forEach((client) => client.on(event, listener));
    },
    off: (event, listener) => {
      clients.forEach((client) => client.off(event, listener));
    },
    disconnect: (reconnect) => {
      clients.forEach((client) => {
        client.disconnect(reconnect);
      });
    },
  };
}
