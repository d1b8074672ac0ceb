/** How a friend's presence reads. */
import type { Friend } from 'colyseus-presence/client';
import { accessFrom, type Access } from '../../shared/access.ts';

/** The JSON that this game puts into a status. */
export interface Activity {
  text: string;
}

/** How a friend's status is shown. */
export interface ActivityView {
  activity: 'lobby' | 'playing' | '';
  label: string;
  /** The player's own words. */
  text: string;
}

const PLAYING: Record<Access, string> = {
  open: 'Playing Orbit Rush',
  friends: 'Friends’ match',
  invite: 'Private match',
};

/** Reads a friend's presence; statuses of other programs are shown as they are. */
export function viewOf({ online, customStatus, details, match, connections }: Friend): ActivityView {
  if (!online) {
    return { activity: '', label: 'Offline', text: '' };
  }
  const text = details === undefined ? customStatus : typeof details['text'] === 'string' ? details['text'] : '';
  if (match?.verified === true) {
    const label = `${PLAYING[accessFrom(match.metadata)]} ${match.players}/${match.maxPlayers}`;
    return { activity: 'playing', label, text };
  }
  const party = connections.find((connection) => connection.party !== undefined)?.party?.size ?? 1;
  return { activity: 'lobby', label: party > 1 ? `In lobby, party of ${party}` : 'In lobby', text };
}
