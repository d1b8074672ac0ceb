/**
 * What the processes of a cluster ask each other for operators. The answer of
 * another process is untrusted: one of the wrong shape counts as no answer. A
 * process of an earlier version does not answer.
 */
import { randomUUID } from 'node:crypto';
import { isTarget, targetsOf, type Addressee } from './addressee.ts';
import { explain, type Sight } from '../core/explain.ts';
import { statusOf } from '../core/derived.ts';
import { MAX_ID_LENGTH, isUserId } from '../status.ts';
import { ANSWER_TIMEOUT_MS, Questions, type Answers } from './questions.ts';
import { fields, flag, list, maybe, number, oneOf, text, anything, type Guard } from './shape.ts';
import type { MatchInfo, PartyBadge, Presence, UserStatus } from '../protocol.ts';
import { isProcessFacts } from './process-facts.ts';
import type { ClusterOverview, ConnectionReport, ProcessFacts, ProcessReport, UserReport } from './report-types.ts';
import type { Tracker } from '../core/tracker.ts';

/** Maximum of followers that a process names. */
const MAX_NAMED_FOLLOWERS = 100;
const MAX_VIEWS = 1000;
const MAX_TEXT = 65_536;

export type About =
  { kind: 'facts' } | { kind: 'user'; userId: string } | { kind: 'explain'; viewer: Addressee; userId: string };

/** What one process has of a user. */
export interface UserShare {
  connections: Array<Omit<ConnectionReport, 'process'>>;
  followers: number;
  followedBy: string[];
}

/** What the viewer's connections on one process see of a user, and what that process has of that user. */
export interface ExplainShare {
  views: Sight[];
  connections: number;
  invisible: number;
}

const id = text(MAX_ID_LENGTH);
const presence: Guard<Presence> = fields<Presence>({
  userId: id,
  connectionId: id,
  status: text(MAX_TEXT),
  matchId: maybe(text(MAX_TEXT)),
  username: maybe(text(MAX_TEXT)),
  match: maybe(anything as Guard<MatchInfo>),
  party: maybe(fields<PartyBadge>({ id, size: number })),
});
const delivery = oneOf('live', 'behind', 'away', 'moved', 'gone');

const isUserShare: Guard<UserShare> = fields<UserShare>({
  connections: list(
    fields<UserShare['connections'][number]>({
      connectionId: id,
      status: (value) => value === null || text(MAX_TEXT)(value),
      roomId: maybe(id),
      roomName: maybe(id),
      sinceMs: number,
      delivery,
      follows: number,
    }),
    MAX_VIEWS,
  ),
  followers: number,
  followedBy: list(id, MAX_NAMED_FOLLOWERS),
});

const isExplainShare: Guard<ExplainShare> = fields<ExplainShare>({
  views: list(
    fields<Sight>({
      connectionId: id,
      reason: oneOf(
        'visible',
        'self',
        'blocked',
        'refused',
        'not_followed',
        'unseen',
        'unknown',
        'redacted',
        'away',
        'behind',
      ),
      follows: flag,
      delivery,
      general: oneOf('online', 'offline', 'unlogined', 'unknown'),
      presences: list(presence, MAX_VIEWS),
      redacted: number,
    }),
    MAX_VIEWS,
  ),
  connections: number,
  invisible: number,
});

/** A question as it came from another process, or `null`. */
export function parseAbout(value: unknown): About | null {
  const { kind, userId, viewer } = (value ?? {}) as Record<string, unknown>;
  switch (kind) {
    case 'facts':
      return { kind };
    case 'user':
      return isUserId(userId) ? { kind, userId } : null;
    case 'explain':
      return isUserId(userId) && isTarget(viewer) ? { kind, viewer, userId } : null;
    default:
      return null;
  }
}

export class Inquiry {
  readonly #tracker: Tracker;
  readonly #now: () => number;
  readonly #facts: () => ProcessFacts;
  readonly #questions = new Questions<unknown>();

  constructor(tracker: Tracker, now: () => number, facts: () => ProcessFacts) {
    this.#tracker = tracker;
    this.#now = now;
    this.#facts = facts;
  }

  /** What this process answers. */
  answer(about: About): unknown {
    switch (about.kind) {
      case 'facts':
        return this.#facts();
      case 'user':
        return this.userShare(about.userId);
      case 'explain':
        return this.explainShare(about.viewer, about.userId);
    }
  }

  /** An answer of another process. */
  hear(question: string, from: string, body: unknown): void {
    this.#questions.hear(question, from, body);
  }

  async overview(): Promise<ClusterOverview> {
    const { byProcess: answers, complete } = await this.#ask({ kind: 'facts' }, isProcessFacts);
    const { incarnation, peers } = this.#tracker.cluster;
    // The own facts are read last: by now this process may know why others did not answer.
    const byProcess = new Map(answers).set(incarnation, this.#facts());
    const known = new Map<string, Omit<ProcessReport, 'process'>>([[incarnation, { state: 'self', silentMs: 0 }]]);
    for (const { incarnation: other, state, silentMs } of peers) {
      known.set(other, { state, silentMs });
    }
    for (const other of byProcess.keys()) {
      known.set(other, known.get(other) ?? { state: 'up', silentMs: 0 });
    }
    const processes = [...known].map(([process, report]) => {
      const facts = byProcess.get(process);
      return { process, ...report, ...(facts !== undefined && { facts }) };
    });
    return { processes, complete };
  }

  user(userId: string): Promise<Answers<UserShare>> {
    return this.#ask({ kind: 'user', userId }, isUserShare);
  }

  explain(viewer: Addressee, userId: string): Promise<Answers<ExplainShare>> {
    return this.#ask({ kind: 'explain', viewer, userId }, isExplainShare);
  }

  async #ask<T>(about: About, guard: Guard<T>): Promise<Answers<T>> {
    const { cluster } = this.#tracker;
    const command = { kind: 'ask', question: randomUUID(), from: cluster.incarnation, about } as const;
    const answers = await this.#questions.ask(cluster, command, this.answer(about), ANSWER_TIMEOUT_MS);
    const byProcess = new Map([...answers.byProcess].filter((entry): entry is [string, T] => guard(entry[1])));
    return { byProcess, complete: answers.complete && byProcess.size === answers.byProcess.size };
  }

  userShare(userId: string): UserShare {
    const user = this.#tracker.users.get(userId);
    const followers = [...(user?.followers ?? [])];
    return {
      connections: [...(user?.own ?? [])].map((connection) => ({
        connectionId: connection.connectionId,
        status: statusOf(connection),
        ...(connection.place && { roomId: connection.place.roomId, roomName: connection.place.roomName }),
        sinceMs: Math.max(0, this.#now() - connection.since),
        delivery: connection.delivery,
        follows: connection.follows.size,
      })),
      followers: followers.length,
      followedBy: [...new Set(followers.map((follower) => follower.user.userId))].slice(0, MAX_NAMED_FOLLOWERS),
    };
  }

  explainShare(viewer: Addressee, userId: string): ExplainShare {
    const { users, cluster } = this.#tracker;
    const user = users.get(userId);
    const own = [...(user?.own ?? [])];
    return {
      views: targetsOf(this.#tracker, viewer).map((connection) =>
        explain(connection, userId, user, cluster.knows(userId)),
      ),
      connections: own.length,
      invisible: own.filter((connection) => statusOf(connection) === null).length,
    };
  }
}

/** Puts together what the processes have of a user. */
export function reportOf(
  { userId, general, presences }: UserStatus,
  { byProcess, complete }: Answers<UserShare>,
): UserReport {
  const shares = [...byProcess.values()];
  return {
    userId,
    general,
    presences,
    connections: [...byProcess].flatMap(([process, share]) => share.connections.map((one) => ({ ...one, process }))),
    followers: shares.reduce((sum, { followers }) => sum + followers, 0),
    followedBy: [...new Set(shares.flatMap(({ followedBy }) => followedBy))],
    processes: byProcess.size,
    complete,
  };
}
