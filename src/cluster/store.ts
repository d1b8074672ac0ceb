/**
 * The operations of the cluster on the shared store, through Colyseus's
 * `Presence`. Each method is one command unless it says otherwise; commands are
 * issued in the order of the calls. Any may reject.
 *
 * A key that holds a value of another type is removed, and the command issued
 * again: what belongs there, its owners write again when they next look.
 */
import type { Presence } from '@colyseus/core';
import { RefusedError, type Calls } from './calls.ts';
import { isIncarnation } from './envelope.ts';
import { ReadBatch } from './read-batch.ts';

const CLAIM_FIELD = 'n';
/** After this time the list of users of a process that nobody knows of any more is gone: all have crashed, and the store had lost the list of processes. */
const LIST_SECONDS = 24 * 3600;

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
  readonly #reads: ReadBatch;
  readonly #calls: Calls;
  readonly #keys: Keys;
  #renewals = 0;
  /** The own lease as it was written last. */
  #written: string | undefined;
  readonly #onRepaired: (key: string) => void;

  /** @param onRepaired A key held what does not belong there, and was removed. */
  constructor(presence: Presence, calls: Calls, keys: Keys, onRepaired: (key: string) => void = () => {}) {
    this.#presence = presence;
    this.#reads = new ReadBatch(presence);
    this.#calls = calls;
    this.#keys = keys;
    this.#onRepaired = onRepaired;
  }

  // --- users ---

  /** The register of each incarnation about the user, as text. */
  async fields(userId: string): Promise<Array<[incarnation: string, text: unknown]>> {
    const fields = await this.#run<Record<string, unknown> | null>(this.#keys.user(userId), (key) =>
      this.#reads.hgetall(key),
    );
    return Object.entries(fields ?? {}).filter(([name]) => {
      const isOurs = isIncarnation(name);
      if (!isOurs) {
        // No process has this name, so none would ever remove the field.
        this.#onRepaired(this.#keys.user(userId));
        this.erase(userId, name).catch(ignore);
      }
      return isOurs;
    });
  }

  async put(userId: string, incarnation: string, text: string): Promise<void> {
    await this.#run(this.#keys.user(userId), (key) => this.#presence.hset(key, incarnation, text));
  }

  /** Resolves with whether there was something to remove. */
  erase(userId: string, incarnation: string): Promise<boolean> {
    return this.#run<boolean>(this.#keys.user(userId), (key) => this.#presence.hdel(key, incarnation));
  }

  async isEmpty(userId: string): Promise<boolean> {
    return (await this.#run<number>(this.#keys.user(userId), (key) => this.#presence.hlen(key))) === 0;
  }

  async rememberOffline(userId: string, seconds: number): Promise<void> {
    await this.#run(this.#keys.offline(userId), (key) => this.#presence.setex(key, 'offline', seconds));
  }

  async forgetOffline(userId: string): Promise<void> {
    await this.#run(this.#keys.offline(userId), (key) => this.#presence.del(key));
  }

  async remembered(userId: string): Promise<'offline' | 'unlogined'> {
    const value = await this.#run<unknown>(this.#keys.offline(userId), (key) => this.#reads.get(key));
    return value === 'offline' ? 'offline' : 'unlogined';
  }

  // --- processes ---

  async enlist(incarnation: string): Promise<void> {
    await this.#run(this.#keys.processes, (key) => this.#presence.sadd(key, incarnation));
  }

  async delist(incarnation: string): Promise<void> {
    await this.#run(this.#keys.processes, (key) => this.#presence.srem(key, incarnation));
  }

  async isEnlisted(incarnation: string): Promise<boolean> {
    return (await this.#run<number>(this.#keys.processes, (key) => this.#presence.sismember(key, incarnation))) === 1;
  }

  async processes(): Promise<string[]> {
    return [...(await this.#run<string[]>(this.#keys.processes, (key) => this.#presence.smembers(key)))];
  }

  /**
   * Notes that `incarnation` has, or is about to have, a field for the user. Three commands: a store that has lost its
   * data may not know the incarnation any more, and then nobody would sweep this list; and the list ends by itself. Those two are not waited for:
   * where keys live on several stores, the list of processes may be on one that is dead.
   */
  async list(incarnation: string, userId: string): Promise<void> {
    const { processes } = this.#keys;
    this.#calls.attempt(processes, () => this.#presence.sadd(processes, incarnation));
    const listing = this.#run(this.#keys.users(incarnation), (key) => this.#presence.sadd(key, userId));
    this.keepList(incarnation);
    await listing;
  }

  /** Has the list of the users of `incarnation` end a day after the last call. Nobody waits for it. */
  keepList(incarnation: string): void {
    const key = this.#keys.users(incarnation);
    this.#calls.attempt(key, () => this.#presence.expire(key, LIST_SECONDS));
  }

  async unlist(incarnation: string, userId: string): Promise<void> {
    await this.#run(this.#keys.users(incarnation), (key) => this.#presence.srem(key, userId));
  }

  async listed(incarnation: string): Promise<string[]> {
    return [...(await this.#run<string[]>(this.#keys.users(incarnation), (key) => this.#presence.smembers(key)))];
  }

  async unlistAll(incarnation: string): Promise<void> {
    await this.#run(this.#keys.users(incarnation), (key) => this.#presence.del(key));
  }

  async lease(incarnation: string): Promise<Lease | null> {
    return toLease(await this.#run(this.#keys.lease(incarnation), (key) => this.#presence.get(key)));
  }

  /** Renews the own lease. Resolves with what it was before; `older`: not what was written last, so the store holds data from earlier. Two commands. */
  async renew(incarnation: string, lease: Lease, seconds: number): Promise<Lease | 'older' | null> {
    const expected = this.#written;
    const value = lease === 'up' ? this.#nextLease() : lease;
    const key = this.#keys.lease(incarnation);
    const [before] = await Promise.all([
      // A value of another type is no lease; the write replaces it.
      this.#calls.run(key, () => this.#presence.get(key)).catch(nullIfRefused),
      this.#calls.run(key, () => this.#presence.setex(key, value, seconds)),
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
    const key = this.#keys.lease(incarnation);
    try {
      await this.#calls.probe(key, () => this.#presence.setex(key, this.#nextLease(), seconds));
      return true;
    } catch {
      return false;
    }
  }

  /** Issued even while the store is down, so that it runs after all commands issued before. */
  async endLease(incarnation: string): Promise<void> {
    const key = this.#keys.lease(incarnation);
    await this.#calls.probe(key, () => this.#presence.del(key));
  }

  // --- sweeping ---

  async isClaimed(incarnation: string): Promise<boolean> {
    const claims = await this.#run<string | null>(this.#keys.claim(incarnation), (key) =>
      this.#presence.hget(key, CLAIM_FIELD),
    );
    if (claims !== null && !/^\d{1,15}$/.test(claims)) {
      this.#onRepaired(this.#keys.claim(incarnation));
      await this.unclaim(incarnation);
      return false;
    }
    return claims !== null;
  }

  /** Resolves with whether the caller holds the claim. Every call prolongs the claim: ask `isClaimed` first. Two commands. */
  async claim(incarnation: string, seconds: number): Promise<boolean> {
    return (
      (await this.#run<number>(this.#keys.claim(incarnation), (key) =>
        this.#presence.hincrbyex(key, CLAIM_FIELD, 1, seconds),
      )) === 1
    );
  }

  async unclaim(incarnation: string): Promise<void> {
    await this.#run(this.#keys.claim(incarnation), (key) => this.#presence.del(key));
  }

  async #run<T>(key: string, command: (key: string) => unknown): Promise<T> {
    try {
      return await this.#calls.run<T>(key, () => command(key));
    } catch (error) {
      if (!(error instanceof RefusedError)) {
        throw error;
      }
      this.#onRepaired(key);
      await this.#calls.run(key, () => this.#presence.del(key));
      return this.#calls.run<T>(key, () => command(key));
    }
  }
}

/** Anything else is no lease. */
function toLease(value: unknown): Lease | null {
  if (value === 'leaving') {
    return value;
  }
  return typeof value === 'string' && value.startsWith('up') ? 'up' : null;
}

function nullIfRefused(error: unknown): null {
  if (error instanceof RefusedError) {
    return null;
  }
  throw error;
}

function ignore(): void {
  // Whoever reads the user next tries again.
}
