/**
 * Colyseus's `Presence` as `RedisPresence` implements it, over simulated
 * connections: the same methods resolve with an error instead of rejecting,
 * topics are subscribed again when the subscriber connection is back.
 */
import type { Presence } from '@colyseus/core';
import type { Link } from './link.ts';
import type { SimRedis, Subscriber } from './sim-redis.ts';

type Callback = (message: unknown) => void;
type Listener = () => void;

/** What the client of a connection shows. */
interface Client {
  readonly status: string;
  readonly stream: { readonly destroyed: boolean };
  disconnect(): void;
}

/** How a message comes to a subscriber: the simulation may lose or double it. */
export type Carry = (deliver: () => void, link: Link) => void;

export class SimPresence implements Presence, Subscriber {
  /** Like the connections in `RedisPresence`; only there when the test wants the cluster to see them. */
  readonly sub:
    | (Client & { on(event: string, listener: Listener): void; off(event: string, listener: Listener): void })
    | undefined;
  readonly pub: Client | undefined;
  readonly #redis: SimRedis;
  readonly #pub: Link;
  readonly #subLink: Link;
  readonly #carry: Carry;
  readonly #callbacks = new Map<string, Callback[]>();
  readonly #onReady = new Set<Listener>();

  constructor(redis: SimRedis, pub: Link, sub: Link, carry: Carry, showsClients: boolean) {
    this.#redis = redis;
    this.#pub = pub;
    this.#subLink = sub;
    this.#carry = carry;
    this.pub = showsClients ? clientOf(pub, () => {}) : undefined;
    const client = clientOf(sub, () => {
      redis.disconnect(this);
    });
    this.sub = showsClients
      ? Object.assign(client, {
          on: (_event: string, listener: Listener) => {
            this.#onReady.add(listener);
          },
          off: (_event: string, listener: Listener) => {
            this.#onReady.delete(listener);
          },
        })
      : undefined;
    sub.onReady = () => {
      for (const topic of this.#callbacks.keys()) {
        this.#subscribe(topic).catch(() => {});
      }
      for (const listener of this.#onReady) {
        listener();
      }
    };
  }

  /** Half-open connections that nobody can replace end after a long time; then they are new. */
  giveUpHalfOpen(): void {
    for (const link of this.sub === undefined ? [this.#pub, this.#subLink] : []) {
      if (link.isHalfOpen) {
        if (link === this.#subLink) {
          this.#redis.disconnect(this);
        }
        link.cut(false, false);
        link.mend();
      }
    }
  }

  /** Topics somebody in this process listens to. */
  get topics(): string[] {
    return [...this.#callbacks.keys()];
  }

  /** Listeners that are not removed. */
  get listeners(): number {
    return this.#onReady.size + [...this.#callbacks.values()].reduce((sum, { length }) => sum + length, 0);
  }

  hear(topic: string, text: string): void {
    this.#carry(() => {
      for (const callback of this.#callbacks.get(topic) ?? []) {
        callback(JSON.parse(text));
      }
    }, this.#subLink);
  }

  async subscribe(topic: string, callback: Callback): Promise<this> {
    this.#callbacks.set(topic, [...(this.#callbacks.get(topic) ?? []), callback]);
    await this.#subscribe(topic);
    return this;
  }

  async unsubscribe(topic: string, callback?: Callback): Promise<this> {
    const left = (this.#callbacks.get(topic) ?? []).filter((each) => callback !== undefined && each !== callback);
    if (left.length > 0) {
      this.#callbacks.set(topic, left);
    } else {
      this.#callbacks.delete(topic);
      await this.#call(this.#subLink, () => {
        this.#redis.unsubscribe(topic, this);
      });
    }
    return this;
  }

  async publish(topic: string, data: unknown): Promise<void> {
    const text = JSON.stringify(data);
    await this.#call(this.#pub, () => this.#redis.publish(topic, text));
  }

  setex(key: string, value: string, seconds: number): Promise<unknown> {
    return this.#resolving(() => this.#redis.setex(key, value, seconds));
  }

  async expire(key: string, seconds: number): Promise<void> {
    await this.#resolving(() => this.#redis.expire(key, seconds));
  }

  get(key: string): Promise<unknown> {
    return this.#call(this.#pub, () => this.#redis.get(key));
  }

  del(key: string): Promise<unknown> {
    return this.#resolving(() => this.#redis.del(key));
  }

  sadd(key: string, value: string): Promise<unknown> {
    return this.#resolving(() => this.#redis.sadd(key, value));
  }

  srem(key: string, value: string): Promise<unknown> {
    return this.#call(this.#pub, () => this.#redis.srem(key, value));
  }

  smembers(key: string): Promise<string[]> {
    return this.#call(this.#pub, () => this.#redis.smembers(key));
  }

  sismember(key: string, field: string): Promise<number> {
    return this.#call(this.#pub, () => this.#redis.sismember(key, field));
  }

  async hset(key: string, field: string, value: string): Promise<boolean> {
    return (await this.#call(this.#pub, () => this.#redis.hset(key, field, value))) > 0;
  }

  hget(key: string, field: string): Promise<string | null> {
    return this.#call(this.#pub, () => this.#redis.hget(key, field));
  }

  hgetall(key: string): Promise<Record<string, string>> {
    return this.#call(this.#pub, () => this.#redis.hgetall(key));
  }

  async hdel(key: string, field: string): Promise<boolean> {
    return (await this.#call(this.#pub, () => this.#redis.hdel(key, field))) > 0;
  }

  hlen(key: string): Promise<number> {
    return this.#call(this.#pub, () => this.#redis.hlen(key));
  }

  hincrbyex(key: string, field: string, value: number, seconds: number): Promise<number> {
    return this.#call(this.#pub, () => this.#redis.hincrbyex(key, field, value, seconds));
  }

  setMaxListeners(): void {}

  shutdown(): void {}

  channels = notSimulated;
  exists = notSimulated;
  set = notSimulated;
  scard = notSimulated;
  sinter = notSimulated;
  hincrby = notSimulated;
  incr = notSimulated;
  decr = notSimulated;
  llen = notSimulated;
  rpush = notSimulated;
  lpush = notSimulated;
  rpop = notSimulated;
  lpop = notSimulated;
  brpop = notSimulated;

  #subscribe(topic: string): Promise<void> {
    return this.#call(this.#subLink, () => {
      this.#redis.subscribe(topic, this);
    });
  }

  #call<T>(link: Link, execute: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      link.send({
        execute,
        answer: (value) => {
          resolve(value as T);
        },
        fail: reject,
      });
    });
  }

  #resolving(execute: () => unknown): Promise<unknown> {
    return new Promise((resolve) => {
      this.#pub.send({ execute, answer: resolve, fail: resolve });
    });
  }
}

function clientOf(link: Link, onEnd: () => void): Client {
  return {
    get status() {
      return link.isUp ? 'ready' : 'reconnecting';
    },
    stream: { destroyed: false },
    disconnect: () => {
      onEnd();
      link.cut(false, false);
      link.mend();
    },
  };
}

function notSimulated(): never {
  throw new Error('The cluster is not known to use this command: simulate it first.');
}
