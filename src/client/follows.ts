/** Follows and unfollows, one at a time, in the order of the calls; after a rejoin it follows again. */
import { PresenceError, type Presence } from '../protocol.ts';
import { notIds, sortOutIds, type UserIdLike } from '../ids.ts';
import { MAX_ID_LENGTH } from '../status.ts';
import type { Announcer } from './announcer.ts';
import { invalid, wrong } from './require.ts';
import { backoffMs, REJOIN_DEFAULTS } from './timers.ts';
import { eachChunk, type ChunkLimits } from './chunk.ts';
import type { FriendStore } from './friend-store.ts';
import { readFollowReply } from './inbound.ts';
import type { Link } from './link.ts';
import type { CallOptions, Requests } from './requests.ts';

/** Maximum of ids in one follow or unfollow, by the server's default. */
const MAX_IDS = 100;

export interface FollowResult {
  /** Visible connections of the requested users. */
  presences: Presence[];
  /** Users that were dropped to stay under the server's limit (only with its `evict: 'oldest'`). */
  evicted: string[];
}

export interface FollowsParts {
  link: Link;
  requests: Requests;
  store: FriendStore;
  maxFrameBytes: number;
  announcer: Announcer;
}

export class Follows {
  #parts: FollowsParts;
  #limits: ChunkLimits;
  #tail: Promise<unknown> = Promise.resolve();
  #refollowing = false;

  constructor(parts: FollowsParts) {
    this.#parts = parts;
    this.#limits = { maxIds: MAX_IDS, maxBytes: parts.maxFrameBytes };
  }

  async follow(ids: readonly UserIdLike[]): Promise<FollowResult> {
    const wanted = toIds(ids);
    const since = performance.now();
    return this.#serially(async () => {
      const result: FollowResult = { presences: [], evicted: [] };
      const own = this.#parts.store.me?.userId;
      await eachChunk(
        wanted.filter((id) => id !== own),
        this.#limits,
        async (chunk) => {
          const { presences, evicted } = await this.#followChunk(chunk, { since });
          result.presences.push(...presences);
          result.evicted.push(...evicted);
        },
      );
      return result;
    });
  }

  async unfollowAll(): Promise<void> {
    const { requests, store, announcer } = this.#parts;
    const since = performance.now();
    const apply = (): void => announcer.announce(store.remove());
    return this.#serially(() => requests.call('presence:unfollow', {}, apply, { since }));
  }

  async unfollow(ids: readonly UserIdLike[]): Promise<void> {
    const { requests, store, announcer } = this.#parts;
    const since = performance.now();
    if (ids === undefined) {
      throw invalid('unfollow() takes a list of user ids; unfollowAll() ends every follow.');
    }
    const unwanted = toIds(ids);
    return this.#serially(() =>
      eachChunk(unwanted, this.#limits, async (chunk) => {
        const apply = (): void => announcer.announce(store.remove(chunk));
        await requests.call('presence:unfollow', { userIds: chunk }, apply, { since });
      }),
    );
  }

  /** After a rejoin: repeats the client's own follows until the server has confirmed all of them, or the connection is lost again. Never rejects. */
  async refollow(): Promise<void> {
    if (this.#refollowing) {
      return;
    }
    this.#refollowing = true;
    const { link, store } = this.#parts;
    try {
      for (let attempt = 1; link.state === 'online' && store.unconfirmed('client').length > 0; attempt++) {
        if (attempt > 1) {
          await link.timers.sleep(backoffMs(attempt, REJOIN_DEFAULTS));
        }
        await this.#serially(() => this.#refollowOnce());
      }
    } catch {
      // The client was closed while it waited.
    } finally {
      this.#refollowing = false;
    }
  }

  async #refollowOnce(): Promise<void> {
    const { store, announcer } = this.#parts;
    try {
      await eachChunk(store.unconfirmed('client'), this.#limits, async (chunk) => {
        try {
          await this.#followChunk(chunk, { repeat: false });
        } catch (error) {
          const final = error instanceof PresenceError && !error.retryable;
          if (!final || (error.code === 'too_many_ids' && chunk.length > 1)) {
            throw error;
          }
          // The server will not follow these again: without updates they must not stay in the list.
          announcer.announce(store.remove(chunk));
        }
      });
    } catch {
      // The caller tries again later.
    }
  }

  #followChunk(chunk: readonly string[], options: Omit<CallOptions, 'skip'>): Promise<FollowResult> {
    const { requests, store, announcer } = this.#parts;
    const apply = (value: unknown): FollowResult => {
      const reply = readFollowReply(value);
      announcer.announce(store.applyFollow(chunk, reply));
      return reply;
    };
    return requests.call('presence:follow', { userIds: [...chunk] }, apply, options);
  }

  #serially<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(task);
    this.#tail = run.catch(() => undefined);
    return run;
  }
}

/** These ids as strings, without duplicates. Throws `invalid_payload` when one of them cannot be a user id. */
function toIds(list: readonly UserIdLike[]): string[] {
  const { ids, others } = sortOutIds(requireList(list));
  if (others.length > 0) {
    throw badIds(others);
  }
  return [...new Set(ids)];
}

export function requireList(ids: unknown): unknown[] {
  if (!Array.isArray(ids)) {
    throw wrong('The argument "userIds"', 'a list of user ids', ids);
  }
  return ids;
}

export function badIds(others: readonly unknown[]): PresenceError {
  return invalid(
    `User ids have to be strings of 1 to ${MAX_ID_LENGTH} characters or whole numbers, but there is ${notIds(others)}.`,
  );
}
