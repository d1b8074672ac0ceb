/** Matchmaking as `presence:join` needs it, by Colyseus's own match-maker. */
import { generateId, matchMaker, type AuthContext, type Room } from '@colyseus/core';
import { toUserId } from '../ids.ts';
import { PresenceError, type JoinReply } from '../protocol.ts';
import type { JoinOptions, Match, ResolvedOptions, Viewer } from '../options.ts';
import type { Matchmaking } from '../core/join-friend.ts';
import { decodeMatch } from '../cluster/envelope.ts';
import type { MatchRecord } from '../core/match.ts';
import { Seats } from './seats.ts';
import type { SharedSeats } from './shared-seats.ts';

type RoomListing = NonNullable<Awaited<ReturnType<typeof matchMaker.findOneRoomAvailable>>>;
type Identify = ResolvedOptions['identify'];

/** How a viewer got into its presence-aware room. */
export interface Entrance {
  /** The auth context of its WebSocket, whose token may differ from the one at matchmaking. */
  readonly context: AuthContext;
  /** The class of the room it joined. */
  readonly roomClass: typeof Room;
  /** Whether a static `onAuth` made its auth at matchmaking; otherwise the room did, from `context`. */
  readonly isFromMatchmaking: boolean;
}

/** Classes of rooms that are nothing but presence. Their subclasses count, too. */
const presenceRooms = new WeakSet<object>();

/** Notes that rooms of this class are never matches. */
export function isNoMatch(roomClass: object): void {
  presenceRooms.add(roomClass);
}

/** The property of a room in which `MatchPlugin` keeps what it says of itself. */
export const MATCH_RECORD = '~presenceMatch';

/** The method of such a room that reserves seats, all or none. */
export const MATCH_SEATS = '~presenceSeats';

/** The method of such a room that tells whether a user plays there. */
export const MATCH_PLAYS = '~presencePlays';

/** The rooms a lobby may list. */
export async function listedRooms(): ReturnType<typeof matchMaker.query> {
  return matchMaker.query({ private: false, unlisted: false });
}

export class ColyseusMatchmaking implements Matchmaking {
  readonly #entrances = new WeakMap<Viewer, Entrance>();
  readonly #seats: Seats;

  /** @param shared What the other processes have reserved, if there are others. */
  constructor(shared?: SharedSeats) {
    this.#seats = new Seats(
      async ({ roomId, sessionId }) => matchMaker.remoteRoomCall(roomId, 'hasReservedSeat', [sessionId]),
      shared,
    );
  }

  remember(viewer: Viewer, entrance: Entrance): void {
    this.#entrances.set(viewer, entrance);
  }

  async find(roomId: string): Promise<(Match & { locked: boolean }) | null> {
    const listing = await listingOf(roomId);
    return listing === undefined || isPresenceRoom(listing.name)
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

  /** As Colyseus's own `joinById` decides: `true` means that the room's instance `onAuth` is asked when the seat is taken. */
  async authorize(match: Match, viewer: Viewer, identify: Identify, options: JoinOptions): Promise<unknown> {
    const roomClass = classOf(match.name);
    const entrance = this.#entrances.get(viewer);
    if (roomClass === undefined || entrance === undefined) {
      throw new Error(
        'The match cannot be asked: this process does not define its room, or not with what the viewer joined.',
      );
    }
    if (!matchMaker.controller.exposedMethods.includes('joinById')) {
      throw new Error('The game does not let anybody join by id.');
    }
    await requireSameUser(entrance, viewer, identify);
    return ask(roomClass, entrance.context, options);
  }

  async record(roomId: string): Promise<MatchRecord | undefined> {
    // Without arguments, Colyseus answers with the value of a property.
    return decodeMatch(await matchMaker.remoteRoomCall(roomId, MATCH_RECORD as keyof Room)) ?? undefined;
  }

  async recordOf(roomId: string, playerId: string): Promise<MatchRecord | undefined> {
    if ((await this.find(roomId)) === null) {
      return undefined;
    }
    const record = await this.record(roomId);
    const plays: unknown =
      record !== undefined && (await matchMaker.remoteRoomCall(roomId, MATCH_PLAYS as keyof Room, [playerId]));
    return plays === true ? record : undefined;
  }

  /** A new room for a party, as if this viewer had created it. Throws `match_denied` when it may not. */
  async create(name: string, viewer: Viewer, identify: Identify, options: JoinOptions): Promise<string> {
    const roomClass = classOf(name);
    const entrance = this.#entrances.get(viewer);
    if (
      roomClass === undefined ||
      entrance === undefined ||
      isPresenceRoom(name) ||
      !matchMaker.controller.exposedMethods.includes('create')
    ) {
      throw new PresenceError('match_denied');
    }
    try {
      await requireSameUser(entrance, viewer, identify);
      await ask(roomClass, entrance.context, options);
    } catch (cause) {
      throw new PresenceError('match_denied', { cause });
    }
    const { roomId } = await matchMaker.createRoom(name, options);
    return roomId;
  }

  /** Seats for all, in one step of the match's room, or none. The room needs `MatchPlugin`. */
  async reserveAll(
    roomId: string,
    reservations: ReadonlyArray<{ userId: string; auth: unknown; options: JoinOptions }>,
  ): Promise<Map<string, JoinReply>> {
    const listing = await listingOf(roomId);
    if (listing === undefined) {
      throw new PresenceError('match_gone');
    }
    const asked = reservations.map(({ auth, options }) => ({ sessionId: generateId(), auth, options }));
    const answer: unknown = await matchMaker.remoteRoomCall(roomId, MATCH_SEATS as keyof Room, [asked]);
    if (answer !== true) {
      throw new PresenceError(answer === 'match_full' || answer === 'match_locked' ? answer : 'unavailable');
    }
    const { name, processId, publicAddress } = listing;
    const seats = new Map<string, JoinReply>();
    for (const [i, { sessionId }] of asked.entries()) {
      const seat = { name, sessionId, roomId, processId, ...(publicAddress !== undefined && { publicAddress }) };
      const { userId } = reservations[i]!;
      seats.set(userId, seat);
      await this.#seats.note(roomId, userId, seat);
    }
    return seats;
  }

  async heldSeat(match: Match, viewer: Viewer): Promise<JoinReply | undefined> {
    return this.#seats.held(match.roomId, viewer.userId);
  }

  async reserve(match: Match, auth: unknown, viewer: Viewer, options: JoinOptions): Promise<JoinReply> {
    const listing = await listingOf(match.roomId);
    if (listing === undefined) {
      throw new Error('The match has ended.');
    }
    return this.#seats.once(match.roomId, viewer.userId, async () => {
      const { name, sessionId, roomId, processId, publicAddress } = await matchMaker.reserveSeatFor(
        listing,
        options,
        auth,
      );
      return {
        name,
        sessionId,
        roomId,
        processId: processId ?? listing.processId,
        ...(publicAddress !== undefined && { publicAddress }),
      };
    });
  }
}

async function listingOf(roomId: string): Promise<RoomListing | undefined> {
  return (await matchMaker.findRoomsByIds([roomId])).get(roomId);
}

function classOf(name: string): typeof Room | undefined {
  return matchMaker.getRoomClass(name) as typeof Room | undefined;
}

function isPresenceRoom(name: string): boolean {
  for (let at: unknown = classOf(name); typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    if (presenceRooms.has(at)) {
      return true;
    }
  }
  return false;
}

/** Throws unless the token that the match will get names the user for whom everything else was checked. */
async function requireSameUser(
  { isFromMatchmaking, roomClass, context }: Entrance,
  viewer: Viewer,
  identify: Identify,
): Promise<void> {
  if (isFromMatchmaking && toUserId(identify(await ask(roomClass, context))?.userId) !== viewer.userId) {
    throw new Error('The token of the WebSocket is not the one that named the user at matchmaking.');
  }
}

/** What a room's static `onAuth` says; throws when it refuses. */
async function ask(roomClass: typeof Room, context: AuthContext, options: JoinOptions = {}): Promise<unknown> {
  const auth: unknown = await roomClass.onAuth(context.token as string, options, context);
  if (auth === false || auth === null || auth === undefined) {
    throw new Error('The room refused.');
  }
  return auth;
}
