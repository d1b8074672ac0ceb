/** The state of a strict client, and every contradiction in the messages it got. */
import { isDeepStrictEqual } from 'node:util';
import type { Delta, Presence, Snapshot, Unfollowed, Welcome } from '../../src/protocol.ts';

export class Mirror {
  readonly held = new Map<string, Presence>();
  readonly problems: string[] = [];
  #own: string | undefined;

  /** Takes in a message of the server. `false`: it says nothing of who is seen. */
  hear(type: string, payload: unknown): boolean {
    switch (type) {
      case 'presence:delta':
        this.apply(payload as Delta);
        return true;
      case 'presence:snapshot':
        this.replace(payload as Snapshot);
        return true;
      case 'presence:unfollowed':
        this.forget((payload as Unfollowed).userIds);
        return true;
      case 'presence:welcome':
        this.welcome(payload as Welcome);
        return true;
      default:
        return false;
    }
  }

  welcome({ userId, presences }: Welcome): void {
    this.#own = userId;
    this.forget([userId]);
    this.#put(presences);
  }

  replace({ userIds, presences, complete }: Snapshot): void {
    this.forget(complete === true ? undefined : userIds);
    this.#put(presences);
  }

  /** The answer to a follow: may repeat what is held, but not contradict it. */
  follow(presences: readonly Presence[]): void {
    for (const presence of presences) {
      const held = this.held.get(presence.connectionId);
      if (held !== undefined && !isDeepStrictEqual(held, presence)) {
        this.problems.push(`The reply says ${show(presence)} where ${show(held)} is held.`);
      }
      this.held.set(presence.connectionId, presence);
    }
  }

  apply({ joins, leaves }: Delta): void {
    for (const leave of leaves) {
      const held = this.held.get(leave.connectionId);
      if (!isDeepStrictEqual(held, leave)) {
        this.problems.push(`${show(leave)} left where ${show(held)} is held.`);
      }
      this.held.delete(leave.connectionId);
    }
    for (const join of joins) {
      const held = this.held.get(join.connectionId);
      if (held !== undefined) {
        this.problems.push(`${show(join)} joined where ${show(held)} is held.`);
      }
      this.held.set(join.connectionId, join);
    }
  }

  forget(userIds: readonly string[] | undefined): void {
    for (const [connectionId, { userId }] of this.held) {
      if (userIds === undefined || userIds.includes(userId)) {
        this.held.delete(connectionId);
      }
    }
  }

  /** As `forget`, but nobody unfollows oneself. */
  unfollow(userIds: readonly string[] | undefined): void {
    const followed = new Set(
      [...this.held.values()].map(({ userId }) => userId).filter((userId) => userId !== this.#own),
    );
    this.forget(userIds === undefined ? [...followed] : userIds.filter((userId) => followed.has(userId)));
  }

  #put(presences: readonly Presence[]): void {
    for (const presence of presences) {
      this.held.set(presence.connectionId, presence);
    }
  }
}

function show(presence: Presence | undefined): string {
  return presence === undefined ? 'nothing' : JSON.stringify(presence);
}
