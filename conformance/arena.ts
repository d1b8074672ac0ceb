/** A match whose room says who is in it, and what the viewer has to be told of it: derived from what was done. */
import { definePlugins, matchMaker, Room } from '@colyseus/core';
import { MatchPlugin, presence } from '../src/index.ts';
import { PresenceState } from '../src/wire/state.ts';
import { until } from '../test/support/until.ts';
import { ConformanceClient } from './client/client.ts';
import type { MatchInfo } from '../src/protocol.ts';

const MAX_PLAYERS = 3;

/** With a state, so that its players can wait for one. */
export class ArenaRoom extends Room<{ state: PresenceState }> {
  override maxClients = MAX_PLAYERS;
  override state = new PresenceState();
  override plugins = definePlugins([new MatchPlugin({ updateMs: 20 })]);
}

export class Arena {
  readonly roomId: string;
  readonly #url: string;
  #players = 1;
  #isLocked = false;
  #isPrivate = false;
  #metadata: unknown;

  private constructor(url: string, roomId: string) {
    this.#url = url;
    this.roomId = roomId;
  }

  /** Made by its first player. */
  static async open(url: string, token: string): Promise<{ arena: Arena; client: ConformanceClient }> {
    const client = await ConformanceClient.join(url, token, 'arena');
    const [listing] = await matchMaker.query({ name: 'arena' });
    return { arena: new Arena(url, listing?.roomId ?? ''), client };
  }

  async join(token: string): Promise<ConformanceClient> {
    const client = await ConformanceClient.join(this.#url, token, 'arena');
    this.#players++;
    return client;
  }

  async leave(client: ConformanceClient): Promise<void> {
    client.leave();
    await until(() => client.closeCode, 'the leave of the match');
    this.#players--;
  }

  async lock(isLocked: boolean): Promise<void> {
    await (isLocked ? this.#room.lock() : this.#room.unlock());
    this.#isLocked = isLocked;
  }

  async setPrivate(isPrivate: boolean): Promise<void> {
    await this.#room.setPrivate(isPrivate);
    this.#isPrivate = isPrivate;
  }

  async describe(metadata: object): Promise<void> {
    await this.#room.setMetadata(metadata);
    this.#metadata = metadata;
  }

  /** The connection id that a player's being in the match has, as the server's own code is told. */
  async connectionIdOf(userId: string): Promise<string> {
    const [user] = await presence.statuses([userId]);
    return user?.presences.find(({ match, status }) => match?.verified === true && status === '')?.connectionId ?? '';
  }

  /** What is told of a presence in this match. */
  told(): { matchId?: string; match: MatchInfo } {
    const reason = this.#isPrivate
      ? 'private'
      : this.#players === MAX_PLAYERS
        ? 'full'
        : this.#isLocked
          ? 'locked'
          : undefined;
    return {
      ...(!this.#isPrivate && { matchId: this.roomId }),
      match: {
        verified: true,
        name: 'arena',
        players: this.#players,
        maxPlayers: MAX_PLAYERS,
        joinable: reason === undefined,
        ...(reason !== undefined && { reason }),
        ...(this.#metadata !== undefined && !this.#isPrivate && { metadata: this.#metadata }),
      },
    };
  }

  get #room(): ArenaRoom {
    return matchMaker.getLocalRoomById(this.roomId) as unknown as ArenaRoom;
  }
}
