/**
 * What a developer writes by hand on Colyseus: messages only, each update
 * encoded once and enqueued to every follower on its own.
 */
import { type Client, generateId, getMessageBytes, Protocol } from '@colyseus/core';
import {
  DELTA_MESSAGE,
  type FollowReply,
  type FollowRequest,
  type Presence,
  type StatusRequest,
} from '../../src/protocol.ts';
import { EmptyRoom } from './colyseus.ts';
import { presenceOf } from './running.ts';

interface User {
  connectionId: string;
  presence: Presence | null;
  followers: Set<Client>;
}

export class RawRoom extends EmptyRoom {
  readonly #users = new Map<string, User>();
  readonly #follows = new Map<Client, User[]>();

  override onCreate(): void {
    this.onMessage('presence:status', (client, message: StatusRequest) =>
      this.#setStatus(client, message.status ?? ''),
    );
    this.onMessage('presence:follow', (client, message: FollowRequest) => this.#follow(client, message.userIds));
  }

  override onJoin(client: Client, options: { status?: string }): void {
    this.#follows.set(client, []);
    this.#setStatus(client, options.status ?? '');
  }

  override onLeave(client: Client): void {
    for (const user of this.#follows.get(client) ?? []) {
      user.followers.delete(client);
    }
    this.#follows.delete(client);
    this.#userOf(idOf(client)).presence = null;
  }

  #setStatus(client: Client, status: string): void {
    const userId = idOf(client);
    const user = this.#userOf(userId);
    const old = user.presence;
    user.presence = presenceOf(userId, user.connectionId, status);
    if (user.followers.size === 0) {
      return;
    }
    const bytes = getMessageBytes.raw(Protocol.ROOM_DATA, DELTA_MESSAGE, {
      joins: [user.presence],
      leaves: old ? [old] : [],
    });
    for (const follower of user.followers) {
      follower.enqueueRaw(bytes);
    }
  }

  #follow(client: Client, userIds: string[]): Omit<FollowReply, 'users'> {
    const presences: Presence[] = [];
    for (const id of userIds) {
      const user = this.#userOf(id);
      user.followers.add(client);
      this.#follows.get(client)?.push(user);
      if (user.presence) {
        presences.push(user.presence);
      }
    }
    return { presences };
  }

  #userOf(userId: string): User {
    let user = this.#users.get(userId);
    if (user === undefined) {
      user = { connectionId: generateId(), presence: null, followers: new Set() };
      this.#users.set(userId, user);
    }
    return user;
  }
}

/** The user behind a client of one of the bench's own rooms. */
export function idOf(client: Client): string {
  return (client.auth as { userId: string }).userId;
}
