/** The names this player follows: kept in the browser, followed again at every visit. */
import type { Friend, PresenceClient } from 'colyseus-presence/client';
import { isName, NAME_RULE, userIdOf } from '../../shared/names.ts';
import type { FriendName, PlayerMemory } from './memory.ts';

export class FriendBook {
  readonly #presence: PresenceClient;
  readonly #memory: PlayerMemory;
  readonly #names: Map<string, string>;

  constructor(presence: PresenceClient, memory: PlayerMemory) {
    this.#presence = presence;
    this.#memory = memory;
    this.#names = new Map(memory.friends.map(({ userId, name }) => [userId, name]));
  }

  /** Follows everybody in the book. */
  async start(): Promise<void> {
    await this.#presence.follow([...this.#names.keys()]);
  }

  /** Adds a player by name. Throws an Error to show when that makes no sense, or the server refuses. */
  async add(name: string): Promise<void> {
    const userId = userIdOf(name);
    if (!isName(name)) {
      throw new Error(NAME_RULE);
    }
    if (userId === this.#presence.userId) {
      throw new Error('That is you. Add the name of a friend.');
    }
    if (this.#names.has(userId)) {
      throw new Error(`${this.nameOf(userId)} is on your list already.`);
    }
    await this.#presence.follow([userId]);
    this.#names.set(userId, name);
    this.#save();
  }

  async remove(userId: string): Promise<void> {
    this.#names.delete(userId);
    this.#save();
    await this.#presence.unfollow([userId]);
  }

  /** How to call a friend: the name seen last, else the name as it was typed. */
  nameOf(userId: string, friend?: Friend): string {
    return friend?.username ?? this.#names.get(userId) ?? userId;
  }

  #save(): void {
    this.#memory.friends = [...this.#names].map(([userId, name]): FriendName => ({ userId, name }));
  }
}
