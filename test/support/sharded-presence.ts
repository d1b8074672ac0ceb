/** Several `Presence`s as one: each key and topic lives on one of them, chosen by its name. As `docs/scaling.md` shows it. */
import { createHash } from 'node:crypto';
import type { Presence } from '@colyseus/core';

type Method = (key: string, ...rest: unknown[]) => unknown;
interface Subscriber {
  sub: { on: Method; off: Method };
}

export function sharded(shards: readonly Presence[]): Presence {
  const shardOf = (key: string): Presence =>
    shards[createHash('sha1').update(key).digest().readUInt32BE() % shards.length]!;
  const all =
    (name: 'shutdown' | 'setMaxListeners') =>
    (most: number): void => {
      shards.forEach((shard) => {
        shard[name](most);
      });
    };
  const own: Record<string, unknown> = {
    // Whichever subscriber connection is made anew: what it missed is read again.
    sub: {
      on: (event: string, listener: () => void) => {
        (shards as unknown as Subscriber[]).forEach(({ sub }) => sub.on(event, listener));
      },
      off: (event: string, listener: () => void) => {
        (shards as unknown as Subscriber[]).forEach(({ sub }) => sub.off(event, listener));
      },
    },
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
