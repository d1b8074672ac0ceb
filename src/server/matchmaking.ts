/** Matchmaking as `presence:join` needs it, by Colyseus's own match-maker. */
import { matchMaker, type AuthContext, type Room } from '@colyseus/core';
import type { JoinReply } from '../protocol.ts';
import type { Match, Viewer } from '../options.ts';
import type { Matchmaking } from '../core/join-friend.ts';

/** The rooms a lobby may list. */
export async function listedRooms(): ReturnType<typeof matchMaker.query> {
  return matchMaker.query({ private: false, unlisted: false });
}

type RoomListing = NonNullable<Awaited<ReturnType<typeof matchMaker.findOneRoomAvailable>>>;

export class ColyseusMatchmaking implements Matchmaking {
  /** What a viewer joined the presence room with: its token, for the match room's `onAuth`. */
  readonly #contexts = new WeakMap<Viewer, AuthContext>();

  remember(viewer: Viewer, context: AuthContext): void {
    this.#contexts.set(viewer, context);
  }

  async find(roomId: string): Promise<(Match & { locked: boolean }) | null> {
    const listing = await this.#listing(roomId);
    return listing === undefined
      ? null
      : {
          roomId: listing.roomId,
          name: listing.name,
          clients: listing.clients,
          // Infinity does not survive JSON on its way through Redis.
          maxClients: listing.maxClients ?? Infinity,
          metadata: listing.metadata as unknown,
          locked: listing.locked ?? false,
        };
  }

  async authorize(match: Match, viewer: Viewer): Promise<unknown> {
    const roomClass = matchMaker.getRoomClass(match.name) as typeof Room | undefined;
    const context = this.#contexts.get(viewer);
    if (roomClass === undefined) {
      return viewer.auth;
    }
    if (context === undefined) {
      throw new Error('Nobody knows with what this viewer has joined, so the match cannot be asked.');
    }
    const auth: unknown = await roomClass.onAuth(context.token ?? '', {}, context);
    // `true`: welcome, but nothing known of it. It is who it is here.
    return auth === true ? viewer.auth : (auth ?? false);
  }

  async reserve(match: Match, auth: unknown): Promise<JoinReply> {
    const listing = await this.#listing(match.roomId);
    if (listing === undefined) {
      throw new Error('The match has ended.');
    }
    const { name, sessionId, roomId, processId, publicAddress } = await matchMaker.reserveSeatFor(listing, {}, auth);
    return {
      name,
      sessionId,
      roomId,
      processId: processId ?? listing.processId,
      ...(publicAddress !== undefined && { publicAddress }),
    };
  }

  async #listing(roomId: string): Promise<RoomListing | undefined> {
    return (await matchMaker.findRoomsByIds([roomId])).get(roomId);
  }
}
