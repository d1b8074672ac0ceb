/**
 * The operations of the cluster on the shared store, through Colyseus's
 * `Presence`. Each method is one command unless it says otherwise; commands are
 * issued in the order of the calls. Any may reject.
 */
import type { Presence } from '@colyseus/core';
import type { Calls } from './calls.ts';

const CLAIM_FIELD = 'n';

/** Every key and topic of the cluster. `docs/scaling.md` names the owner and the lifetime of each. */
export interface Keys {
  /** Hash of one user, incarnation → register; also the topic of its registers. */
  user(userId: string): string;
  /** Set of incarnations that may have data to sweep. */
  readonly processes: string;
  /** Proof of life of one incarnation. Expires by itself. */
  lease(incarnation: string): string;
  /** Set of the users for whom one incarnation has a field. The sweeper reads it. */
  users(incarnation: string): string;
  /** Claim of the process that sweeps an incarnation. Expires by itself. */
  claim(incarnation: string): string;
  /** Marks a user that no process announces as `offline`. Expires by itself. */
  offline(userId: string): string;
  /** The topic every process listens to: beats, exits, commands. */
  readonly control: string;
}

export function keysOf(prefix: string): Keys {
  return {
    user: (userId) => `${prefix}:u:${userId}`,
    processes: `${prefix}:p`,
    lease: (incarnation) => `${prefix}:l:${incarnation}`,
    users: (incarnation) => `${prefix}:pu:${incarnation}`,
    claim: (incarnation) => `${prefix}:s:${incarnation}`,
    offline: (userId) => `${prefix}:o:${userId}`,
    control: `${prefix}:c`,
  };
}

/** `leaving`: alive until the lease expires, but shutting down. */
export type Lease = 'up' | 'leaving';

export class Store {
  readonly #presence: Presence;
  readonly #calls: Calls;
  readonly #keys: Keys;
  #renewals = 0;
  /** The own lease as it was written last. */
  #written: string | undefined;

  constructor(presence: Presence, calls: Calls, keys: Keys) {
    this.#presence = presence;
    this.#calls = calls;
    this.#keys = keys;
  }

  // --- users ---

  /** The register of each incarnation about the user, as text. */
  async fields(userId: string): Promise<Array<[incarnation: string, text: unknown]>> {
    const fields = await this.#calls.run<Record<string, unknown> | null>(() =>
      this.#presence.hgetall(this.#keys.user(userId)),
    );
    return Object.entries(fields ?? {});
  }

  async put(userId: string, incarnation: string, text: string): Promise<void> {
    await this.#calls.run(() => this.#presence.hset(this.#keys.user(userId), incarnation, text));
  }

  /** Resolves with whether there was something to remove. */
  erase(userId: string, incarnation: string): Promise<boolean> {
    return this.#calls.run<boolean>(() => this.#presence.hdel(this.#keys.user(userId), incarnation));
  }

  async isEmpty(userId: string): Promise<boolean> {
    return (await this.#calls.run<number>(() => this.#presence.hlen(this.#keys.user(userId)))) === 0;
  }

  async rememberOffline(userId: string, seconds: number): Promise<void> {
    await this.#calls.run(() => this.#presence.setex(this.#keys.offline(userId), 'offline', seconds));
  }

  async forgetOffline(userId: string): Promise<void> {
    await this.#calls.run(() => this.#presence.del(this.#keys.offline(userId)));
  }

  async remembered(userId: string): Promise<'offline' | 'unlogined'> {
    const value = await this.#calls.run<unknown>(() => this.#presence.get(this.#keys.offline(userId)));
    return value === 'offline' ? 'offline' : 'unlogined';
  }

  // --- processes ---

  async enlist(incarnation: string): Promise<void> {
    await this.#calls.run(() => this.#presence.sadd(this.#keys.processes, incarnation));
  }

  async delist(incarnation: string): Promise<void> {
    await this.#calls.run(() => this.#presence.srem(this.#keys.processes, incarnation));
  }

  async isEnlisted(incarnation: string): Promise<boolean> {
    return (await this.#calls.run<number>(() => this.#presence.sismember(this.#keys.processes, incarnation))) === 1;
  }

  async processes(): Promise<string[]> {
    return [...(await this.#calls.run<string[]>(() => this.#presence.smembers(this.#keys.processes)))];
  }

  /** Notes that `incarnation` has, or is about to have, a field for the user. */
  async list(incarnation: string, userId: string): Promise<void> {
    await this.#calls.run(() => this.#presence.sadd(this.#keys.users(incarnation), userId));
  }

  async unlist(incarnation: string, userId: string): Promise<void> {
    await this.#calls.run(() => this.#presence.srem(this.#keys.users(incarnation), userId));
  }

  async listed(incarnation: string): Promise<string[]> {
    return [...(await this.#calls.run<string[]>(() => this.#presence.smembers(this.#keys.users(incarnation))))];
  }

  async unlistAll(incarnation: string): Promise<void> {
    await this.#calls.run(() => this.#presence.del(this.#keys.users(incarnation)));
  }

  async lease(incarnation: string): Promise<Lease | null> {
    return toLease(await this.#calls.run(() => this.#readLease(incarnation)));
  }

  /** Renews the own lease. Resolves with what it was before; `older`: not what was written last, so the store holds data from earlier. Two commands. */
  async renew(incarnation: string, lease: Lease, seconds: number): Promise<Lease | 'older' | null> {
    const expected = this.#written;
    const value = lease === 'up' ? this.#nextLease() : lease;
    const [before] = await Promise.all([
      this.#calls.run(() => this.#readLease(incarnation)),
      this.#calls.run(() => this.#presence.setex(this.#keys.lease(incarnation), value, seconds)),
    ]);
    return before === null || before === expected ? toLease(before) : 'older';
  }

  /** No two are the same. */
  #nextLease(): string {
    this.#written = `up ${++this.#renewals}`;
    return this.#written;
  }

  /** Whether the store accepts a write. Works while the store counts as down. */
  async probe(incarnation: string, seconds: number): Promise<boolean> {
    try {
      await this.#calls.probe(() => this.#presence.setex(this.#keys.lease(incarnation), this.#nextLease(), seconds));
      return true;
    } catch {
      return false;
    }
  }

  /** Issued even while the store is down, so that it runs after all commands issued before. */
  async endLease(incarnation: string): Promise<void> {
    await this.#calls.probe(() => this.#presence.del(this.#keys.lease(incarnation)));
  }

  // --- sweeping ---

  async isClaimed(incarnation: string): Promise<boolean> {
    const claims = await this.#calls.run<string | null>(() =>
      this.#presence.hget(this.#keys.claim(incarnation), CLAIM_FIELD),
    );
    return claims !== null;
  }

  /** Resolves with whether the caller holds the claim. Every call prolongs the claim: ask `isClaimed` first. Two commands. */
  async claim(incarnation: string, seconds: number): Promise<boolean> {
    return (
      (await this.#calls.run<number>(() =>
        this.#presence.hincrbyex(this.#keys.claim(incarnation), CLAIM_FIELD, 1, seconds),
      )) === 1
    );
  }

  async unclaim(incarnation: string): Promise<void> {
    await this.#calls.run(() => this.#presence.del(this.#keys.claim(incarnation)));
  }

  #readLease(incarnation: string): unknown {
    return this.#presence.get(this.#keys.lease(incarnation));
  }
}

function toLease(value: unknown): Lease | null {
  if (value === null || value === undefined) {
    return null;
  }
  return value === 'leaving' ? 'leaving' : 'up';
}
