/** The friends of this player, as the server keeps them: its lists, and the calls that change them. */
import type { Room } from '@colyseus/sdk';
import type { Friend } from 'colyseus-presence/client';
import type { FriendAction, FriendLists } from '../../shared/friends.ts';
import { isName, NAME_RULE } from '../../shared/names.ts';

export class FriendBook {
  readonly #token: () => string | undefined;
  readonly #listeners = new Set<(before: FriendLists) => void>();
  #lists: FriendLists = { friends: [], incoming: [], outgoing: [], blocked: [] };

  /** `token` names the player to the server. */
  constructor(token: () => string | undefined) {
    this.#token = token;
  }

  get lists(): FriendLists {
    return this.#lists;
  }

  /** Hears of every change; to be called for every room object of the connection. */
  listen(room: Room): void {
    room.onMessage('friends', (lists: FriendLists) => {
      const before = this.#lists;
      this.#lists = lists;
      for (const listener of this.#listeners) {
        listener(before);
      }
    });
  }

  onChange(listener: (before: FriendLists) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Throws an Error to show when the server refuses. The lists change by the message that follows. */
  async act(action: FriendAction, name: string): Promise<void> {
    if (!isName(name)) {
      throw new Error(NAME_RULE);
    }
    const response = await fetch(`/friends/${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: this.#token() ?? '' },
      body: JSON.stringify({ name }),
    });
    if (!response.ok) {
      const { error } = (await response.json().catch(() => ({}))) as { error?: string };
      throw new Error(error ?? 'The server did not answer. Try again in a moment.');
    }
  }

  /** How a player writes the own name, as far as it is known. */
  nameOf(userId: string, friend?: Friend): string {
    const { friends, incoming, outgoing, blocked } = this.#lists;
    const known = [...friends, ...incoming, ...outgoing, ...blocked].find((person) => person.userId === userId);
    return friend?.username ?? known?.name ?? userId;
  }
}
