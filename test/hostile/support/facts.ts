/**
 * The facts that a viewer must not learn: what is true in each of the two
 * worlds. "Secret" is the user the fact is about.
 */
import { currentRuntime } from '../../../src/server/runtime.ts';
import type { MatchRecord } from '../../../src/core/match.ts';
import type { Player, World } from './world.ts';
import type { PresenceJoinOptions, PresenceOptions } from '../../../src/index.ts';

export const SECRET = 'secret';
export const VIEWER = 'viewer';
export const FRIEND = 'friend';

/** What Secret does, where it does anything. A fact may forbid it to be seen. */
export type Move =
  | { do: 'enter'; status: string | null }
  | { do: 'status'; status: string | null }
  | { do: 'follow' | 'unfollow' | 'query'; userIds: string[] }
  | { do: 'leave' | 'drop' | 'lose' | 'return' };

export interface Fact {
  /** Whether Secret acts at all in this world: the same moves, before and after the turning point. */
  readonly acts: (world: 'a' | 'b', turned: boolean) => 'freely' | 'unseen' | 'not at all';
  /** What Secret says in this world instead of a status. */
  readonly says?: (world: 'a' | 'b', status: string | null) => string | null;
  /** What becomes so at the turning point of the story. */
  readonly turn?: (which: 'a' | 'b', world: World, secret: Player) => void;
  /** What is so from the start. */
  readonly begin?: (which: 'a' | 'b', world: World) => void;
  readonly options?: (which: 'a' | 'b') => PresenceOptions;
  /** Requests in which Secret is not named: as documented, their answers tell the fact. */
  readonly spares?: readonly string[];
  /** Whether the game's own follows leave Secret out: `canFollow` is not asked about those. */
  readonly sparesFriendList?: true;
  /** Whether the fact shows in how fast a shared store has to be asked: whom somebody here follows is known without it. */
  readonly tellsByStore?: true;
  /** Whether the viewer writes one message a turn: with a change of its own in the same turn, the first refusal is told behind that. */
  readonly oneAtATime?: true;
  /** Whether the viewer is there before the fact, follows Secret, and stays, for less than `offline` is remembered. */
  readonly viewerStays?: true;
}

/** Secret, in a match that nobody may join. Its name and players are no secret. */
function enterMatch(roomId: string): void {
  const match: MatchRecord = { roomId, name: 'arena', players: 1, isPrivate: false, policy: 'invite' };
  currentRuntime('presence')?.tracker.stays.begin({ userId: SECRET }, match);
}

const refuseSecret: PresenceOptions = { canFollow: (_, userIds) => userIds.map((userId) => userId !== SECRET) };

/** What `redact` makes of a status with a match. */
const BUSY = 'busy';

const isMatch = (status: string | null): boolean => status?.includes('matchId') === true;

export const FACTS = {
  'never came, or is here invisibly': {
    acts: (world) => (world === 'a' ? 'not at all' : 'unseen'),
  },
  'went offline, or turned invisible and goes on': {
    acts: (world, turned) => (turned ? (world === 'a' ? 'not at all' : 'unseen') : 'freely'),
    turn: (which, _, secret) => {
      if (which === 'a') {
        secret.drop(1000);
      } else {
        secret.say([['send', 'presence:status', { status: null }]]);
      }
    },
  },
  'went offline, or has blocked the viewer': {
    viewerStays: true,
    options: () => ({ rememberOfflineHours: 24 }),
    acts: (world, turned) => (turned && world === 'a' ? 'not at all' : 'freely'),
    turn: (which, { api }, secret) => {
      if (which === 'a') {
        secret.drop(1000);
      } else {
        void api.block(SECRET, VIEWER);
      }
    },
  },
  'is refused by canFollow, or does not exist': {
    acts: (world) => (world === 'a' ? 'not at all' : 'freely'),
    options: (which) => (which === 'a' ? { canFollow: (_, userIds) => userIds.map(() => true) } : refuseSecret),
    spares: ['presence:query'],
    oneAtATime: true,
    tellsByStore: true,
    sparesFriendList: true,
  },
  'is refused by canFollow, and here or not': {
    acts: (world) => (world === 'a' ? 'not at all' : 'freely'),
    options: () => refuseSecret,
    sparesFriendList: true,
  },
  'never came, or is in a match and invisible': {
    acts: (world) => (world === 'a' ? 'not at all' : 'unseen'),
    begin: (which) => {
      if (which === 'b') {
        enterMatch('one');
      }
    },
  },
  'is in one match or in another, and the viewer may join neither': {
    acts: () => 'freely',
    begin: (which) => {
      enterMatch(which === 'a' ? 'one' : 'two');
    },
  },
  'is in a match that `redact` hides, or in none': {
    acts: () => 'freely',
    says: (world, status) => (world === 'b' && isMatch(status) ? BUSY : status),
    options: () => ({
      redact: (_, { matchId, ...presence }) => (matchId === undefined ? presence : { ...presence, status: BUSY }),
    }),
  },
  'is followed by somebody else, or by nobody': {
    tellsByStore: true,
    acts: () => 'freely',
    begin: (which, world) => {
      if (which === 'b') {
        world.player('other').join({}, [['send', 'presence:follow', { userIds: [SECRET, FRIEND] }]]);
      }
    },
  },
} satisfies Record<string, Fact>;

export type FactName = keyof typeof FACTS;

/** Does a move of Secret, if this world lets it. */
export function move(secret: Player, wanted: Move, { acts, says }: Fact, world: 'a' | 'b', turned: boolean): void {
  const how = acts(world, turned);
  if (how === 'not at all') {
    return;
  }
  const shown = (status: string | null): string | null =>
    how === 'unseen' ? null : says === undefined ? status : says(world, status);
  switch (wanted.do) {
    case 'enter':
      if (!secret.isConnected && !secret.isLost) {
        secret.join({ status: shown(wanted.status) } satisfies PresenceJoinOptions);
      }
      break;
    case 'status':
      secret.say([['send', 'presence:status', { status: shown(wanted.status) }]]);
      break;
    case 'follow':
    case 'unfollow':
    case 'query':
      secret.say([['send', `presence:${wanted.do}`, { userIds: wanted.userIds }]]);
      break;
    case 'leave':
      secret.leave();
      break;
    case 'drop':
      secret.drop(1000);
      break;
    case 'lose':
      secret.drop(1006);
      break;
    case 'return':
      secret.comeBack();
      break;
  }
}
