/**
 * The facts that a viewer must not learn: what is true in each of the two
 * worlds. "Secret" is the user the fact is about.
 */
import { currentRuntime } from '../../../src/server/runtime.ts';
import type { Stay } from '../../../src/core/stays.ts';
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
  | { do: 'leave' | 'drop' | 'lose' | 'return' | 'decline' };

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
  /** Whether there is no Secret in world `a`: the game knows no name of it. */
  readonly isNobody?: true;
  /** Whether Secret answers no invites: with its answer it would tell that it is there. */
  readonly keepsSilent?: true;
  /** Whether the viewer writes one message a turn: with a change of its own in the same turn, the first refusal is told behind that. */
  readonly oneAtATime?: true;
  /** Whether it is compared without a shared store only: a resume that waits changes the status later. */
  readonly withoutStore?: true;
  /** Whether the viewer is there before Secret acts, and follows it. */
  readonly viewerFirst?: true;
  /** And stays, for less than `offline` is remembered; the fact becomes so before the first step. */
  readonly viewerStays?: true;
}

/** Secret, in a match that nobody may join. Its name and players are no secret. */
function enterMatch(roomId: string): Stay | undefined {
  const match: MatchRecord = { roomId, name: 'arena', players: 1, isPrivate: false, policy: 'invite' };
  return currentRuntime('presence')?.tracker.stays.begin({ userId: SECRET }, match);
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
    withoutStore: true,
    keepsSilent: true,
    sparesFriendList: true,
    isNobody: true,
  },
  'is refused by canFollow, and here or not': {
    acts: (world) => (world === 'a' ? 'not at all' : 'freely'),
    options: () => refuseSecret,
    keepsSilent: true,
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
    acts: () => 'freely',
    begin: (which, world) => {
      if (which === 'b') {
        world.player('other').join({}, [['send', 'presence:follow', { userIds: [SECRET, FRIEND] }]]);
      }
    },
  },
  'begins to be followed by somebody else, or not': {
    acts: () => 'freely',
    turn: (which, world) => {
      if (which === 'b') {
        world.player('other').join({}, [['send', 'presence:follow', { userIds: [SECRET, FRIEND] }]]);
      }
    },
  },
  'went offline, or turned invisible, before the eyes of the viewer': {
    viewerFirst: true,
    acts: (world, turned) => (turned ? (world === 'a' ? 'not at all' : 'unseen') : 'freely'),
    turn: (which, _, secret) => {
      if (which === 'a') {
        secret.drop(1000);
      } else {
        secret.say([['send', 'presence:status', { status: null }]]);
      }
    },
  },
  'never came, or comes after it has blocked the viewer': {
    acts: (world) => (world === 'a' ? 'not at all' : 'freely'),
    begin: (which, { api }) => {
      if (which === 'b') {
        void api.block(SECRET, VIEWER);
      }
    },
  },
  'never came, or is among those that the game says have blocked the viewer': {
    acts: (world) => (world === 'a' ? 'not at all' : 'freely'),
    options: (which) => ({ blockedBy: ({ userId }) => (which === 'b' && userId === VIEWER ? [SECRET] : []) }),
  },
  'still blocks the viewer, or no more and is invisible': {
    viewerStays: true,
    options: () => ({ rememberOfflineHours: 24 }),
    acts: () => 'unseen',
    turn: (which, { api }, secret) => {
      void api.block(SECRET, VIEWER);
      secret.say([['send', 'presence:status', { status: null }]]);
      if (which === 'b') {
        void api.unblock(SECRET, VIEWER);
      }
    },
  },
  'is here invisibly, and enters a match or not': {
    acts: () => 'unseen',
    turn: (which) => {
      if (which === 'b') {
        enterMatch('one');
      }
    },
  },
  'goes from one match to another or to a third, and the viewer may join none': {
    acts: () => 'freely',
    begin: (_, world) => {
      world.stay = enterMatch('one');
    },
    turn: (which, world) => {
      world.stay?.end('offline');
      world.stay = enterMatch(which === 'a' ? 'two' : 'three');
    },
  },
} satisfies Record<string, Fact>;

export type FactName = keyof typeof FACTS;

/** Does a move of Secret, if this world lets it. */
export function move(
  secret: Player,
  wanted: Move,
  { acts, says, keepsSilent }: Fact,
  world: 'a' | 'b',
  turned: boolean,
): void {
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
    case 'decline':
      if (keepsSilent !== true) {
        secret.say([['send', 'presence:answer', { inviteId: secret.lastInvite, answer: 'decline' }]]);
      }
      break;
  }
}
