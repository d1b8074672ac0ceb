/**
 * Where parties are kept: one key per party, and one key per member, which names
 * the party. Both expire: a member whose key no process renews has gone, and a
 * party without members ends. Redis commands: one per call.
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

  /** Renews the expiry of a party, whatever its version. */
  async prolong(partyId: string, seconds: number): Promise<void> {
    await this.#texts.prolong(partyKey(partyId), seconds);
  }

  async drop(partyId: string): Promise<void> {
    await this.#texts.drop(partyKey(partyId));
  }

  /** The party that the key of a member names. */
  async partyOf(userId: string): Promise<string | undefined> {
    const text = await this.#texts.get(memberKey(userId));
    return typeof text === 'string' && text !== '' ? text : undefined;
  }

  /** Writes or renews the key of a member. */
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
