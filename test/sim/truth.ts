/** The truth, derived from the actions of the clients: the model with which every belief is compared. */
import type { Presence, Status } from '../../src/protocol.ts';
import type { Ending } from '../../src/core/tracker.ts';
import type { SimClient } from './sim-client.ts';

/** Statuses that are set, with the match each should be seen to point at. */
export const STATUSES: ReadonlyArray<readonly [status: Status, matchId?: string]> = [
  [null],
  [null],
  [''],
  ['Playing'],
  ['secret'],
  ['away'],
  ['{"matchId":"m1","text":"in a match"}', 'm1'],
  ['{"matchId":"m2"}', 'm2'],
];
const MATCHES = new Map<Status, string | undefined>(STATUSES.map(([status, matchId]) => [status, matchId]));

/** Milliseconds between two ends on different processes that everybody saw in the same order. */
const CLEARLY_LATER_MS = 500;

export type Last = 'offline' | 'unlogined';

interface Ends {
  last: Last;
  at: number;
  isClear: boolean;
}

export class Truth {
  readonly #clients: readonly SimClient[];
  readonly #ends = new Map<string, Ends>();

  constructor(clients: readonly SimClient[]) {
    this.#clients = clients;
  }

  /** The visible connections of every user that has some. */
  visible(): Map<string, Presence[]> {
    const users = new Map<string, Presence[]>();
    for (const { userId, username, state, status, seat } of this.#clients) {
      if ((state === 'in' || state === 'away') && status !== null) {
        const matchId = MATCHES.get(status);
        const presence: Presence = {
          userId,
          connectionId: seat!.connection.connectionId,
          status,
          ...(matchId !== undefined && { matchId, match: { verified: false } as const }),
          ...(username !== undefined && { username }),
        };
        users.set(userId, [...(users.get(userId) ?? []), presence]);
      }
    }
    return users;
  }

  /** A visible connection of the user ended. */
  ended(userId: string, ending: Ending | 'hidden' | 'moved', now: number): void {
    const before = this.#ends.get(userId)?.at ?? -Infinity;
    this.#ends.set(userId, {
      last: ending === 'consented' ? 'unlogined' : 'offline',
      at: now,
      isClear: ending !== 'shutdown' && ending !== 'moved' && now - before > CLEARLY_LATER_MS,
    });
  }

  /** How a user without visible connections was last gone; `undefined` when two saw it differently with reason. */
  last(userId: string): Last | undefined {
    const ends = this.#ends.get(userId);
    if (ends === undefined) {
      return 'unlogined';
    }
    return ends.isClear ? ends.last : undefined;
  }
}
