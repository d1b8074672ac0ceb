/**
 * Locked statuses, which the server has set and clients cannot change: where they
 * are kept, and how the processes learn of them. One key per locked user, which expires. Redis
 * commands: one per join, one per change.
 */
import { reasonOf, within } from '../core/hooks.ts';
import { isSettable } from './commands.ts';
import { PresenceError } from '../protocol.ts';
import type { Lock } from '../core/model.ts';
import type { Log } from '../log-codes.ts';
import type { Tracker } from '../core/tracker.ts';
import type { Texts } from './texts.ts';

/** Seconds for which a lock is kept after the last call. */
export const LOCK_SECONDS = 30 * 24 * 3600;
/** Milliseconds that a join waits for the store. */
const STORE_MS = 1000;
/** Milliseconds until a store that did not answer is asked again. */
const RETRY_MS = 2000;

export interface LocksDeps {
  tracker: Tracker;
  texts: Texts;
  log: Pick<Log, 'warn'>;
}

export class Locks {
  readonly #deps: LocksDeps;
  /** Reads under way; `isOld`: something newer has been heard since. */
  readonly #reads = new Set<{ readonly userId: string; isOld: boolean }>();
  /** The last write of a user, while it is under way. */
  readonly #writes = new Map<string, Promise<boolean>>();
  #stopped = false;

  constructor(deps: LocksDeps) {
    this.#deps = deps;
  }

  /**
   * Loads the lock of a user whose record the caller holds. If the store does not answer, the user is let in without a
   * lock, and the store is asked again until it answers.
   */
  async learn(userId: string): Promise<void> {
    const read = { userId, isOld: false };
    this.#reads.add(read);
    try {
      await this.#writes.get(userId);
      const lock = parseLock(await this.#asked(() => this.#deps.texts.get(keyOf(userId))));
      if (!read.isOld) {
        this.#deps.tracker.lock(userId, lock);
      }
    } catch {
      setTimeout(() => void this.#learnAgain(userId), RETRY_MS).unref();
    } finally {
      this.#reads.delete(read);
    }
  }

  async #learnAgain(userId: string): Promise<void> {
    const user = this.#deps.tracker.users.get(userId);
    if (!this.#stopped && user !== undefined && user.own.size > 0) {
      await this.learn(userId);
    }
  }

  /** This process, or another one, has changed the lock of the user. */
  apply(userId: string, lock: Lock | undefined): void {
    for (const read of this.#reads) {
      read.isOld ||= read.userId === userId;
    }
    this.#deps.tracker.lock(userId, lock);
  }

  /** Stores a lock, or its end. The writes about one user keep their order. Resolves with whether the store has it; never rejects. */
  async keep(userId: string, lock: Lock | undefined): Promise<boolean> {
    const before = this.#writes.get(userId);
    const write = (async (): Promise<boolean> => {
      await before;
      return this.#write(userId, lock);
    })();
    this.#writes.set(userId, write);
    const isKept = await write;
    if (this.#writes.get(userId) === write) {
      this.#writes.delete(userId);
    }
    return isKept;
  }

  async #write(userId: string, lock: Lock | undefined): Promise<boolean> {
    const { texts, log } = this.#deps;
    const key = keyOf(userId);
    try {
      await this.#asked(() =>
        lock === undefined ? texts.drop(key) : texts.put(key, JSON.stringify(lock.status), LOCK_SECONDS),
      );
      return true;
    } catch (error) {
      log.warn(
        `[presence:lock_not_kept] That the status of user ${JSON.stringify(userId)} is ${lock === undefined ? 'not locked any more' : 'locked'} could not be stored; it holds for the connections that it has now: ${reasonOf(error)}`,
      );
      return false;
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #asked<T>(run: () => Promise<T>): Promise<T> {
    if (this.#deps.tracker.cluster.stats.state === 'down') {
      throw new PresenceError('unavailable');
    }
    return within(STORE_MS, run, () => new PresenceError('unavailable'));
  }
}

function keyOf(userId: string): string {
  return `k:${userId}`;
}

/** What is not a lock locks nothing. */
function parseLock(text: unknown): Lock | undefined {
  try {
    const status: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
    return isSettable(status) ? { status } : undefined;
  } catch {
    return undefined;
  }
}
