/** Messages between processes about invites. They are untrusted: what does not parse becomes `null`. */
import { MAX_INVITE_SECONDS } from '../options.ts';
import { isUserId, MAX_ID_LENGTH } from '../status.ts';
import type { InvitedMatch, InviteKind, InviteOutcome } from '../protocol.ts';
import type { InviteFacts } from '../core/invites.ts';

export type InviteNews =
  /** A new invite. `ms`: until it expires. `outcome`, `answered`: it has ended already, for both sides or for the receiver only. */
  | { kind: 'invite'; invite: InviteFacts; ms: number; outcome?: InviteOutcome; answered?: InviteOutcome }
  /** An invite has ended. `quiet`: the sender must not know. */
  | { kind: 'invited'; inviteId: string; outcome: InviteOutcome; quiet?: true };

const KINDS: readonly unknown[] = ['match', 'ask', 'party'] satisfies InviteKind[];
const OUTCOMES: readonly unknown[] = ['accepted', 'declined', 'cancelled', 'expired'] satisfies InviteOutcome[];
const REACHES: readonly unknown[] = ['all', 'nobody', 'followers'] satisfies InviteFacts['reach'][];
/** The limit that rooms keep to. */
const MAX_METADATA_LENGTH = 1024;

type Fields = Record<string, unknown>;

/** Whether the message is about invites. */
export function isInviteNews(value: unknown): boolean {
  const { kind } = fieldsOf(value);
  return kind === 'invite' || kind === 'invited';
}

export function parseInviteNews(value: unknown): InviteNews | null {
  const { kind, invite, ms, inviteId, outcome, answered, quiet } = fieldsOf(value);
  if (kind === 'invited') {
    return isId(inviteId) && isOutcome(outcome) ? { kind, inviteId, outcome, ...(quiet === true && { quiet }) } : null;
  }
  const facts = parseFacts(fieldsOf(invite));
  return kind === 'invite' && facts !== null && isMs(ms)
    ? {
        kind,
        invite: facts,
        ms,
        ...(isOutcome(outcome) && { outcome }),
        ...(isOutcome(answered) && { answered }),
      }
    : null;
}

function parseFacts({
  inviteId,
  kind,
  from,
  to,
  roomId,
  match,
  size,
  friend,
  asked,
  reach,
}: Fields): InviteFacts | null {
  const { userId, username } = fieldsOf(from);
  const told = match === undefined ? undefined : parseMatch(fieldsOf(match));
  if (
    !isId(inviteId) ||
    !KINDS.includes(kind) ||
    !isUserId(userId) ||
    !(username === undefined || isName(username)) ||
    !isUserId(to) ||
    !isName(roomId) ||
    told === null ||
    !(size === undefined || isCount(size)) ||
    !(friend === undefined || isUserId(friend)) ||
    !(asked === undefined || isId(asked)) ||
    !REACHES.includes(reach)
  ) {
    return null;
  }
  return {
    inviteId,
    kind: kind as InviteKind,
    from: { userId, ...(username !== undefined && { username }) },
    to,
    roomId,
    reach: reach as InviteFacts['reach'],
    ...(told !== undefined && { match: told }),
    ...(size !== undefined && { size }),
    ...(friend !== undefined && { friend }),
    ...(asked !== undefined && { asked }),
  };
}

function parseMatch({ name, players, maxPlayers, metadata }: Fields): InvitedMatch | null {
  const isSmall = metadata === undefined || JSON.stringify(metadata).length <= MAX_METADATA_LENGTH;
  return isName(name) && isCount(players) && (maxPlayers === undefined || isCount(maxPlayers)) && isSmall
    ? {
        name,
        players,
        ...(maxPlayers !== undefined && { maxPlayers }),
        ...(metadata !== undefined && { metadata }),
      }
    : null;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** Ids of invites have the form of user ids. */
function isId(value: unknown): value is string {
  return isUserId(value);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_LENGTH && value.isWellFormed();
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isMs(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= MAX_INVITE_SECONDS * 1000;
}

function isOutcome(value: unknown): value is InviteOutcome {
  return OUTCOMES.includes(value);
}
