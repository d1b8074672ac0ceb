/** Joins the match of a friend. */
import type { Client, Room } from '@colyseus/sdk';
import type { UserIdLike } from '../ids.ts';
import { PresenceError, type JoinReply, type JoinRequest, type PresenceErrorCode } from '../protocol.ts';
import { readSeat } from './inbound.ts';
import type { Requests } from './requests.ts';
import { requireOptions, requireUserId, type Rules } from './require.ts';
import { messageOf } from './session.ts';

/** How to join the match of a friend. */
export interface JoinFriendOptions {
  /** The connection whose match is meant. Default: of those in a match, the one with the newest status. */
  connectionId?: string;
  /** Join options: the match's `onAuth` and `onJoin` get them, as in any join. A JSON object. */
  options?: Record<string, unknown>;
}

export const JOIN_RULES: Rules<JoinFriendOptions> = { connectionId: 'string', options: 'JSON object' };

export class FriendJoins {
  readonly #client: Client;
  readonly #requests: Requests;
  readonly #timeoutMs: number;
  /** Joins under way. */
  readonly #pending = new Map<string, Promise<Room>>();

  constructor(client: Client, requests: Requests, timeoutMs: number) {
    this.#client = client;
    this.#requests = requests;
    this.#timeoutMs = timeoutMs;
  }

  /** Requests a seat in the user's match and takes it. The same call again, while it is under way, is the same join. */
  join(user: UserIdLike, how?: JoinFriendOptions): Promise<Room> {
    let payload: JoinRequest;
    try {
      payload = { userId: requireUserId(user), ...requireOptions('joinFriend', how, JOIN_RULES) };
    } catch (error) {
      return Promise.reject(error);
    }
    const key = JSON.stringify(payload);
    let joining = this.#pending.get(key);
    if (joining === undefined) {
      joining = this.#join(payload).finally(() => {
        this.#pending.delete(key);
      });
      this.#pending.set(key, joining);
    }
    return joining;
  }

  /** The request is not repeated after a lost connection: the server may already have reserved a seat. */
  async #join(payload: JoinRequest): Promise<Room> {
    const seat = await this.#requests.call('presence:join', payload, readSeat, { repeat: false });
    if (seat === null) {
      throw new PresenceError('internal', { message: 'The server answered with something that is not a seat.' });
    }
    return this.take(seat);
  }

  /** Takes a seat. One that a match does not let go of in time is left when it does. */
  async take(seat: JoinReply): Promise<Room> {
    // Not every version of the SDK fails in the promise.
    const taking = Promise.resolve(seat).then((reserved): Promise<Room> =>
      this.#client.consumeSeatReservation(reserved),
    );
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        resolve(undefined);
      }, this.#timeoutMs);
    });
    try {
      const room = await Promise.race([taking, late]);
      if (room !== undefined) {
        return room;
      }
    } catch (cause) {
      throw new PresenceError(reasonOf(cause), { message: `The seat could not be taken: ${messageOf(cause)}`, cause });
    } finally {
      clearTimeout(timer);
    }
    taking.then((room) => room.leave()).catch(() => undefined);
    throw new PresenceError('unavailable', { message: `The match did not answer within ${this.#timeoutMs} ms.` });
  }
}

/** Colyseus's `MATCHMAKE_EXPIRED`: the seat or the room no longer exists. */
const EXPIRED = 524;

/** Codes 520 to 599 and from 4000 are refusals of the room; any other failure is one of the connection. */
function reasonOf(cause: unknown): PresenceErrorCode {
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === EXPIRED) {
    return 'match_gone';
  }
  const refused = typeof code === 'number' && ((code >= 520 && code < 600) || code >= 4000);
  return refused ? 'match_denied' : 'unavailable';
}
