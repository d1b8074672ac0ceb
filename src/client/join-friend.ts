/** Joins the match of a friend. */
import type { Client, Room } from '@colyseus/sdk';
import { isUserId, MAX_ID_LENGTH } from '../status.ts';
import { PresenceError, type PresenceErrorCode } from '../protocol.ts';
import { readSeat } from './inbound.ts';
import type { Requests } from './requests.ts';
import { messageOf } from './session.ts';

/** Requests a seat in the user's match and takes it. The request is not repeated after a lost connection: the server may already have reserved a seat. */
export async function joinFriend(
  client: Client,
  requests: Requests,
  userId: string,
  connectionId?: string,
): Promise<Room> {
  if (!isUserId(userId)) {
    const message = `A user id has to be a string of 1 to ${MAX_ID_LENGTH} characters.`;
    throw new PresenceError('invalid_payload', { message });
  }
  const payload = { userId, ...(connectionId !== undefined && { connectionId }) };
  const seat = await requests.call('presence:join', payload, readSeat, { repeat: false });
  if (seat === null) {
    throw new PresenceError('internal', { message: 'The server answered with something that is not a seat.' });
  }
  try {
    return await client.consumeSeatReservation(seat);
  } catch (cause) {
    throw new PresenceError(reasonOf(cause), { message: `The seat could not be taken: ${messageOf(cause)}`, cause });
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
