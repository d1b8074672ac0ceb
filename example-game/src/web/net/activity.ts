/** The JSON inside this game's statuses: what it says, and how it reads to a friend. */
import type { Friend } from 'colyseus-presence/client';
import { GAME_NAME } from '../../shared/rules.ts';

/** Everything this game puts into a status. `matchId` is what makes a friend joinable. */
export interface Activity {
  text: string;
  activity: 'lobby' | 'playing';
  game?: string;
  matchId?: string;
  players?: number;
  maxPlayers?: number;
  /** False while the match is full. */
  joinable?: boolean;
}

/** A match as its player reports it. */
export interface MatchInfo {
  matchId: string;
  players: number;
  maxPlayers: number;
}

/** How a friend's status is shown. */
export interface ActivityView {
  activity: 'lobby' | 'playing' | '';
  label: string;
  /** The player's own words. */
  text: string;
}

/** The status of a player who is in `match`, or in the lobby without one. */
export function activityOf(text: string, match: MatchInfo | undefined): Activity {
  return match === undefined
    ? { text, activity: 'lobby' }
    : { text, activity: 'playing', game: GAME_NAME, ...match, joinable: match.players < match.maxPlayers };
}

/** Reads a friend's status; statuses of other programs are shown as they are. */
export function viewOf({ online, customStatus, details, matchId }: Friend): ActivityView {
  if (!online) {
    return { activity: '', label: 'Offline', text: '' };
  }
  if (details === undefined) {
    return { activity: '', label: 'Online', text: customStatus };
  }
  const text = typeof details['text'] === 'string' ? details['text'] : '';
  if (matchId === undefined) {
    return { activity: 'lobby', label: 'In lobby', text };
  }
  const { game, players, maxPlayers } = details;
  const seats = typeof players === 'number' && typeof maxPlayers === 'number' ? ` ${players}/${maxPlayers}` : '';
  return { activity: 'playing', label: `Playing ${typeof game === 'string' ? game : 'a game'}${seats}`, text };
}
