/**
 * The clients of ioredis behind a `RedisPresence`: one for commands, one that
 * receives messages. Only this file looks at them. A `Presence` that shows none,
 * or others, is used through its methods alone.
 */
import type { Presence } from '@colyseus/core';

/** What is needed of a client, `Redis` or `Cluster`, to replace its connection. */
export interface RedisClient {
  status: string;
  /** With `true`, it connects again. */
  disconnect(reconnect: boolean): void;
  connect?(): Promise<unknown>;
  readonly stream?: { readonly destroyed: boolean };
}

/**
 * A client that emits an event when it has reconnected; `RedisPresence` itself
 * does not.
 */
export interface Emitter {
  readonly status?: unknown;
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/** Commands that leave together. */
export interface Pipeline {
  hgetall(key: string): unknown;
  get(key: string): unknown;
  exec(): Promise<Array<[error: Error | null, value: unknown]> | null>;
}

export type Which = 'commands' | 'messages';

const FIELDS = { commands: 'pub', messages: 'sub' } as const;

export function clientOf(presence: object, which: Which): RedisClient | undefined {
  const client = clientIn(presence, which);
  return has(client, 'disconnect') && typeof client['status'] === 'string'
    ? (client as unknown as RedisClient)
    : undefined;
}

/** The client that receives messages. */
export function subscriberOf(presence: object): Emitter | undefined {
  const client = clientIn(presence, 'messages');
  return has(client, 'on') && has(client, 'off') ? (client as unknown as Emitter) : undefined;
}

/**
 * A new pipeline to the one server that has all keys, or `undefined`: in a Redis
 * Cluster a pipeline must keep to one node, and a `Presence` that is not
 * Colyseus's own may change the keys.
 */
export function pipelineOf(presence: Presence): Pipeline | undefined {
  const client = clientIn(presence, 'commands');
  return presence.constructor.name === 'RedisPresence' && has(client, 'pipeline') && client['isCluster'] === false
    ? (client as unknown as { pipeline(): Pipeline }).pipeline()
    : undefined;
}

/** Whether messages may arrive over several connections behind the one client. A Redis Cluster sends them over one. */
export function isSharded(presence: object): boolean {
  const client = clientIn(presence, 'messages');
  return has(client, 'disconnect') && client['stream'] === undefined && client['isCluster'] !== true;
}

function clientIn(presence: object, which: Which): unknown {
  return (presence as Record<string, unknown>)[FIELDS[which]];
}

function has(value: unknown, method: string): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function';
}
