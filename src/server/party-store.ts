/**
 * Where parties are kept: one key for each, and one for each member, which
 * names its party. Both expire: a member that no process holds any more has
 * gone, and a party without members ends. Redis commands: one per call.
 */
import type { Presence } from '@colyseus/core';
import { parseParty } from './party-news.ts';
import type { Party } from '../core/party.ts';

/** Texts that expire. */
interface Texts {
  get(key: string): Promise<unknown>;
  put(key: string, text: string, seconds: number): Promise<unknown>;
  /** Lives for so long from now, as it is. */
  prolong(key: string, seconds: number): Promise<unknown>;
  drop(key: string): Promise<unknown>;
}

export class PartyStore {
  readonly #texts: Texts;

  constructor(texts: Texts) {
    this.#texts = texts;
  }

  async read(partyId: string): Promise<Party | undefined> {
    const party = parseParty(parsed(await this.#texts.get(partyKey(partyId))));
    return party?.partyId === partyId ? party : undefined;
  }

  async write(party: Party, seconds: number): Promise<void> {
    await this.#texts.put(partyKey(party.partyId), JSON.stringify(party), seconds);
  }

  /** It lives on, whatever it is now. */
  async prolong(partyId: string, seconds: number): Promise<void> {
    await this.#texts.prolong(partyKey(partyId), seconds);
  }

  async drop(partyId: string): Promise<void> {
    await this.#texts.drop(partyKey(partyId));
  }

  /** The party of a user that is held. */
  async partyOf(userId: string): Promise<string | undefined> {
    const text = await this.#texts.get(memberKey(userId));
    return typeof text === 'string' && text !== '' ? text : undefined;
  }

  /** The user is here, and in this party. */
  async hold(userId: string, partyId: string, seconds: number): Promise<void> {
    await this.#texts.put(memberKey(userId), partyId, seconds);
  }

  async letGo(userId: string): Promise<void> {
    await this.#texts.drop(memberKey(userId));
  }
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

function partyKey(partyId: string): string {
  return `g:${partyId}`;
}

function memberKey(userId: string): string {
  return `m:${userId}`;
}

function parsed(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
