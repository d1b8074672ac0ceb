/** A key-value store of texts that expire: in the store that all processes share, or in this process. */
import type { Presence } from '@colyseus/core';

export interface Texts {
  get(key: string): Promise<unknown>;
  put(key: string, text: string, seconds: number): Promise<unknown>;
  /** Sets the expiry of a text, and leaves the text as it is. */
  prolong(key: string, seconds: number): Promise<unknown>;
  drop(key: string): Promise<unknown>;
}

/** The store that all processes share. `setex`, `expire` and `del` of RedisPresence resolve with an error where others reject. */
export function sharedTexts(store: Pick<Presence, 'get' | 'setex' | 'expire' | 'del'>, prefix: string): Texts {
  const checked = async (answer: unknown): Promise<unknown> => {
    const value = await answer;
    if (value instanceof Error) {
      throw value;
    }
    return value;
  };
  return {
    get: async (key) => checked(store.get(`${prefix}:${key}`)),
    put: async (key, text, seconds) => checked(store.setex(`${prefix}:${key}`, text, seconds)),
    prolong: async (key, seconds) => checked(store.expire(`${prefix}:${key}`, seconds)),
    drop: async (key) => checked(store.del(`${prefix}:${key}`)),
  };
}

/** For a single process. */
export function ownTexts(now: () => number): Texts {
  const texts = new Map<string, { text: string; until: number }>();
  return {
    get: async (key) => {
      const held = texts.get(key);
      if (held !== undefined && held.until <= now()) {
        texts.delete(key);
        return undefined;
      }
      return held?.text;
    },
    put: async (key, text, seconds) => texts.set(key, { text, until: now() + seconds * 1000 }),
    prolong: async (key, seconds) => {
      const held = texts.get(key);
      if (held !== undefined) {
        held.until = now() + seconds * 1000;
      }
    },
    drop: async (key) => texts.delete(key),
  };
}
