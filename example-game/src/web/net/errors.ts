/** Errors in words a player understands. */
import { PresenceError } from 'colyseus-presence/client';

const BY_CODE: Partial<Record<string, string>> = {
  match_full: 'That match is full right now.',
  match_locked: 'That match takes nobody in right now.',
  match_gone: 'That match has just ended.',
  match_denied: 'You are not allowed into that match.',
  no_match: 'Your friend is not in a match any more.',
  not_visible: 'Your friend has just gone offline.',
  refused: 'Your friend does not want company right now.',
  unanswered: 'Your friend did not answer.',
  invite_gone: 'That invite is over.',
  party_full: 'The party is full.',
  party_gone: 'That party is no more.',
  party_denied: 'Only the leader of the party may do that.',
  party_busy: 'Your party is on its way already.',
  in_party: 'You are in a party already. Leave it first.',
  rate_limited: 'That was a bit fast. Try again in a moment.',
  too_many_follows: 'Your friends list is full.',
  not_joined: 'Not connected right now. Try again in a moment.',
  unavailable: 'The server did not answer. Try again in a moment.',
};

/** Code of Colyseus for a room that is full or does not exist. */
const INVALID_ROOM_ID = 522;

export function friendly(error: unknown): string {
  if (error instanceof PresenceError) {
    const [member] = error.members ?? [];
    return member === undefined
      ? (BY_CODE[error.code] ?? error.message)
      : `Your party stays here: ${member.userId} cannot join. ${BY_CODE[member.code] ?? ''}`;
  }
  if (error instanceof TypeError) {
    return 'The server cannot be reached.';
  }
  if (error instanceof Error && 'code' in error && error.code === INVALID_ROOM_ID) {
    return 'That match is full or has just ended.';
  }
  return error instanceof Error && error.message !== '' ? error.message : 'Something went wrong. Try again.';
}
