/**
 * Where parties are kept: one key for each, and one for each member, which
 * names its party. Both expire: a member that no process holds any more has
 * gone, and a party without members ends. Redis commands: one per call.
 */
import { parseParty } from './party-news.ts';
import type { Party } from '../core/party.ts';
import type { Texts } from './texts.ts';

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
