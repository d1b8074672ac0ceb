/** Errors in words a player understands. */
import { PresenceError } from 'colyseus-presence/client';

const BY_CODE: Partial<Record<string, string>> = {
  match_full: 'That match is full right now.',
  match_locked: 'That match takes nobody in right now.',
  match_gone: 'That match has just ended.',
  match_denied: 'That match did not let you in.',
  no_match: 'Your friend is not in a match any more.',
  not_visible: 'Your friend has just gone offline.',
  rate_limited: 'That was a bit fast. Try again in a moment.',
  too_many_follows: 'Your friends list is full.',
  not_joined: 'Not connected right now. Try again in a moment.',
  unavailable: 'The server did not answer. Try again in a moment.',
};

/** Code of Colyseus for a room that is full or does not exist. */
const INVALID_ROOM_ID = 522;

export function friendly(error: unknown): string {
  if (error instanceof PresenceError) {
    return BY_CODE[error.code] ?? error.message;
  }
  if (error instanceof TypeError) {
    return 'The server cannot be reached.';
  }
  if (error instanceof Error && 'code' in error && error.code === INVALID_ROOM_ID) {
    return 'That match is full or has just ended.';
  }
  return error instanceof Error && error.message !== '' ? error.message : 'Something went wrong. Try again.';
}
