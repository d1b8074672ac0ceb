/** Redis, as far as the cluster uses it: keys with a time to live, and topics. Lives outside of every process. */
import type { VirtualTime } from './virtual-time.ts';

/** The server's end of a subscriber connection. */
export interface Subscriber {
  hear(topic: string, text: string): void;
}

type Value = string | Set<string> | Map<string, string>;

export class SimRedis {
  readonly #time: VirtualTime;
  readonly #keys = new Map<string, { value: Value; until: number }>();
  readonly #topics = new Map<string, Set<Subscriber>>();
  /** Commands executed, by name. */
  readonly counts = new Map<string, number>();

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** Loses all data. Subscriptions belong to connections and stay. */
  wipe(): void {
    this.#keys.clear();
  }

  /** A key is evicted. */
  lose(key: string): void {
    this.#keys.delete(key);
  }

  /** What it holds now. Returns the function that brings it back: a snapshot is loaded, or a replica promoted that lags behind. */
  save(): () => void {
    const copyOf = (value: Value): Value =>
      typeof value === 'string' ? value : value instanceof Set ? new Set(value) : new Map(value);
    const saved = [...this.#keys].map(([key, { value, until }]) => [key, { value: copyOf(value), until }] as const);
    return () => {
      this.#keys.clear();
      for (const [key, entry] of saved) {
        this.#keys.set(key, entry);
      }
    };
  }

  keys(): string[] {
    return [...this.#keys.keys()].filter((key) => this.#entry(key) !== undefined);
  }

  value(key: string): Value | undefined {
    return this.#entry(key)?.value;
  }

  expires(key: string): boolean {
    return (this.#entry(key)?.until ?? Infinity) !== Infinity;
  }

  topics(): Map<string, Set<Subscriber>> {
    return this.#topics;
  }

  subscribe(topic: string, subscriber: Subscriber): void {
    this.#count('subscribe');
    let subscribers = this.#topics.get(topic);
    if (subscribers === undefined) {
      subscribers = new Set();
      this.#topics.set(topic, subscribers);
    }
    subscribers.add(subscriber);
  }

  unsubscribe(topic: string, subscriber: Subscriber): void {
    this.#count('unsubscribe');
    const subscribers = this.#topics.get(topic);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0) {
      this.#topics.delete(topic);
    }
  }

  /** The connection is gone, and its subscriptions with it. */
  disconnect(subscriber: Subscriber): void {
    for (const [topic, subscribers] of this.#topics) {
      if (subscribers.delete(subscriber) && subscribers.size === 0) {
        this.#topics.delete(topic);
      }
    }
  }

  publish(topic: string, text: string): number {
    this.#count('publish');
    const subscribers = this.#topics.get(topic);
    for (const subscriber of subscribers ?? []) {
      subscriber.hear(topic, text);
    }
    return subscribers?.size ?? 0;
  }

  setex(key: string, value: string, seconds: number): string {
    this.#count('setex');
    this.#keys.set(key, { value, until: this.#time.now + seconds * 1000 });
    return 'OK';
  }

  expire(key: string, seconds: number): number {
    this.#count('expire');
    const entry = this.#entry(key);
    if (entry !== undefined) {
      entry.until = this.#time.now + seconds * 1000;
    }
    return entry === undefined ? 0 : 1;
  }

  get(key: string): string | null {
    this.#count('get');
    return (this.value(key) as string | undefined) ?? null;
  }

  del(key: string): number {
    this.#count('del');
    const was = this.value(key) !== undefined;
    this.#keys.delete(key);
    return was ? 1 : 0;
  }

  sadd(key: string, member: string): number {
    this.#count('sadd');
    const set = this.#make(key, () => new Set<string>());
    const before = set.size;
    return set.add(member).size - before;
  }

  srem(key: string, member: string): number {
    this.#count('srem');
    const set = this.#set(key);
    const was = set.delete(member);
    this.#dropEmpty(key, set);
    return was ? 1 : 0;
  }

  smembers(key: string): string[] {
    this.#count('smembers');
    return [...this.#set(key)];
  }

  sismember(key: string, member: string): number {
    this.#count('sismember');
    return this.#set(key).has(member) ? 1 : 0;
  }

  hset(key: string, field: string, value: string): number {
    this.#count('hset');
    const hash = this.#make(key, () => new Map<string, string>());
    const before = hash.size;
    return hash.set(field, value).size - before;
  }

  hget(key: string, field: string): string | null {
    this.#count('hget');
    return this.#hash(key).get(field) ?? null;
  }

  hgetall(key: string): Record<string, string> {
    this.#count('hgetall');
    return Object.fromEntries(this.#hash(key));
  }

  hdel(key: string, field: string): number {
    this.#count('hdel');
    const hash = this.#hash(key);
    const was = hash.delete(field);
    this.#dropEmpty(key, hash);
    return was ? 1 : 0;
  }

  hlen(key: string): number {
    this.#count('hlen');
    return this.#hash(key).size;
  }

  hincrbyex(key: string, field: string, by: number, seconds: number): number {
    this.#count('hincrby');
    this.#count('expire');
    const hash = this.#make(key, () => new Map<string, string>());
    const sum = Number(hash.get(field) ?? 0) + by;
    hash.set(field, String(sum));
    this.#keys.get(key)!.until = this.#time.now + seconds * 1000;
    return sum;
  }

  #set(key: string): Set<string> {
    return (this.value(key) as Set<string> | undefined) ?? new Set();
  }

  #hash(key: string): Map<string, string> {
    return (this.value(key) as Map<string, string> | undefined) ?? new Map();
  }

  #make<T extends Value>(key: string, create: () => T): T {
    const known = this.value(key) as T | undefined;
    if (known !== undefined) {
      return known;
    }
    const value = create();
    this.#keys.set(key, { value, until: Infinity });
    return value;
  }

  #dropEmpty(key: string, value: { size: number }): void {
    if (value.size === 0) {
      this.#keys.delete(key);
    }
  }

  #entry(key: string): { value: Value; until: number } | undefined {
    const entry = this.#keys.get(key);
    if (entry !== undefined && entry.until <= this.#time.now) {
      this.#keys.delete(key);
      return undefined;
    }
    return entry;
  }

  #count(command: string): void {
    this.counts.set(command, (this.counts.get(command) ?? 0) + 1);
  }
}
