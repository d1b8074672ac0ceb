/** The lobby: who may see whom comes from the store, and every page is told its lists. */
import type { Client } from '@colyseus/core';
import { PresenceLobbyRoom } from 'colyseus-presence';
import { INVITE_SECONDS } from '../../shared/rules.ts';
import { playerOf } from '../name-auth.ts';
import type { FriendStore } from './store.ts';

/** Between the processes: the lists of the user with this id have changed. */
export const FRIENDS_CHANGED = 'orbit-rush:friends-changed';

export function friendsLobby(store: FriendStore): typeof PresenceLobbyRoom {
  return class extends PresenceLobbyRoom.configure({
    graceSeconds: 8,
    inviteSeconds: INVITE_SECONDS,
    resolveFollows: ({ userId }) => store.friendsOf(userId),
    canFollow: ({ userId }) => store.friendsOf(userId),
    blockedBy: ({ userId }) => store.blockersOf(userId),
  }) {
    readonly #tellUser = (userId: string): void => {
      for (const client of this.clients) {
        if (playerOf(client.auth)?.userId === userId) {
          this.#tell(client);
        }
      }
    };

    override async onCreate(options: unknown): Promise<void> {
      await super.onCreate(options);
      await this.presence.subscribe(FRIENDS_CHANGED, this.#tellUser);
    }

    override onJoin(client: Client): void {
      this.#tell(client);
    }

    /** The page may have missed something. */
    override onReconnect(client: Client): void {
      this.#tell(client);
    }

    override async onDispose(): Promise<void> {
      await this.presence.unsubscribe(FRIENDS_CHANGED, this.#tellUser);
    }

    #tell(client: Client): void {
      const player = playerOf(client.auth);
      if (player !== undefined) {
        client.send('friends', store.listsOf(player.userId));
      }
    }
  };
}
