/**
 * A party joins a match: all members, or none. The process of the leader asks
 * every process whether its members may join; each asks the match as for any
 * other join. When all may, the match's room reserves the seats of all in one
 * step, or none; then each process hands its members theirs.
 *
 * No process answers for a member that is absent or invisible, so the two cannot
 * be told apart by the time it takes.
 */
import { PresenceError, type JoinReply, type MemberRefusal, type PartyMember } from '../protocol.ts';
import { parsePartyNews, type PartyNews, type PartyTarget, type Readiness } from './party-news.ts';
import type { Connection, User } from '../core/model.ts';
import type { Party } from '../core/party.ts';
import type { JoinOptions } from '../options.ts';
import type { Tracker } from '../core/tracker.ts';
import type { Parties } from './parties.ts';

/** Milliseconds to wait for the answers about members. */
const ANSWER_MS = 3000;
/** Seconds for which a party that is joining a match cannot join another one: longer than joining takes. */
const BUSY_SECONDS = 20;

type Call = Extract<PartyNews, { kind: 'party-call' }>;

interface Answer {
  readonly connectionId: string;
  readonly ready: Readiness;
}

export interface Reservation {
  readonly userId: string;
  readonly auth: unknown;
  readonly options: JoinOptions;
}

export interface PartyStartDeps {
  tracker: Tracker;
  parties: Parties;
  newId: () => string;
  /** Whether the user of this connection may join. Throws a `PresenceError` when it may not. */
  prepare(connection: Connection, leader: PartyMember, target: PartyTarget, options: JoinOptions): Promise<Readiness>;
  /** All seats, or a `PresenceError` and none. */
  reserve(roomId: string, reservations: readonly Reservation[]): Promise<Map<string, JoinReply>>;
}

export class PartyStart {
  readonly #deps: PartyStartDeps;
  readonly #questions = new Map<string, (userId: string, answer: Answer) => void>();

  constructor(deps: PartyStartDeps) {
    this.#deps = deps;
  }

  /** Seats for all members, each sent to one of its connections. Throws, and reserves nothing, when one cannot join. */
  async start(
    party: Party,
    leader: PartyMember,
    connectionId: string,
    find: () => Promise<PartyTarget>,
    options: JoinOptions,
  ): Promise<string> {
    const { claims } = this.#deps.parties;
    const claim = `start.${party.partyId}`;
    if (!(await claims.take(claim, BUSY_SECONDS).catch(unavailable))) {
      throw new PresenceError('party_busy');
    }
    try {
      const target = await find();
      const answers = await this.#ask(party, leader, connectionId, target, options);
      const own = answers.get(leader.userId)?.ready;
      if (own !== undefined && 'there' in own) {
        throw new PresenceError('invalid_payload', {
          message: 'The leader plays in this match already: invite the others to it.',
        });
      }
      const seats = await this.#reserve(party, target, answers);
      for (const [userId, seat] of seats) {
        const { connectionId } = answers.get(userId)!;
        this.#deps.parties.seat(userId, connectionId, seat);
        this.#broadcast({ kind: 'party-seat', userId, connectionId, seat });
      }
      return target.roomId;
    } finally {
      await claims.giveBack(claim).catch(() => {});
    }
  }

  /** News of another process. */
  hear(value: unknown): void {
    const news = parsePartyNews(value);
    if (news === null) {
      return;
    }
    switch (news.kind) {
      case 'party':
      case 'party-end':
        this.#deps.parties.hear(news);
        break;
      case 'party-seat':
        this.#deps.parties.seat(news.userId, news.connectionId, news.seat);
        break;
      case 'party-ready':
        this.#questions.get(news.question)?.(news.userId, news);
        break;
      case 'party-call':
        for (const userId of news.userIds) {
          void this.#answer(userId, news).then((answer) => {
            if (answer !== undefined) {
              this.#broadcast({ kind: 'party-ready', question: news.question, userId, ...answer });
            }
          });
        }
        break;
    }
  }

  async #reserve(
    { members }: Party,
    { roomId }: PartyTarget,
    answers: ReadonlyMap<string, Answer>,
  ): Promise<Map<string, JoinReply>> {
    const refused: MemberRefusal[] = [];
    const wanted: Reservation[] = [];
    const seats = new Map<string, JoinReply>();
    for (const { userId } of members) {
      const ready: Readiness = answers.get(userId)?.ready ?? { code: 'not_visible' };
      if ('code' in ready) {
        refused.push({ userId, code: ready.code });
      } else if ('seat' in ready) {
        seats.set(userId, ready.seat);
      } else if (!('there' in ready)) {
        wanted.push({ userId, ...ready });
      }
    }
    if (refused.length > 0) {
      throw new PresenceError('party_member', { members: refused });
    }
    const reserved = wanted.length === 0 ? [] : await this.#deps.reserve(roomId, wanted);
    return new Map([...seats, ...reserved]);
  }

  /** The answers of all members, as far as they come in time. */
  async #ask(
    party: Party,
    leader: PartyMember,
    connectionId: string,
    target: PartyTarget,
    options: JoinOptions,
  ): Promise<Map<string, Answer>> {
    const question = this.#deps.newId();
    const userIds = party.members.map(({ userId }) => userId);
    const answers = new Map<string, Answer>();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const add = (userId: string, answer: Answer): void => {
      if (userIds.includes(userId) && !answers.has(userId)) {
        answers.set(userId, answer);
        if (answers.size === userIds.length) {
          resolve(undefined);
        }
      }
    };
    const call: Call = {
      kind: 'party-call',
      question,
      partyId: party.partyId,
      leader,
      connectionId,
      userIds,
      target,
      options,
    };
    const timer = setTimeout(resolve, ANSWER_MS);
    this.#questions.set(question, add);
    this.#broadcast(call);
    for (const userId of userIds) {
      void this.#answer(userId, call).then((answer) => {
        if (answer !== undefined) {
          add(userId, answer);
        }
      });
    }
    await promise;
    clearTimeout(timer);
    this.#questions.delete(question);
    return answers;
  }

  /** `undefined`: nobody here can tell. */
  async #answer(userId: string, call: Call): Promise<Answer | undefined> {
    const user = this.#deps.tracker.users.get(userId);
    const asking = userId === call.leader.userId ? call.connectionId : undefined;
    const connection = user === undefined ? undefined : readyConnection(user, asking);
    if (connection === undefined || this.#deps.parties.of(userId)?.partyId !== call.partyId) {
      return undefined;
    }
    const { connectionId } = connection;
    try {
      return { connectionId, ready: await this.#deps.prepare(connection, call.leader, call.target, call.options) };
    } catch (error) {
      return { connectionId, ready: { code: error instanceof PresenceError ? error.code : 'hook_failed' } };
    }
  }

  #broadcast(news: PartyNews): void {
    this.#deps.tracker.cluster.broadcast(news);
  }
}

/** The visible connection here that takes the seat: the one with this id if given, otherwise the one with the newest status. */
function readyConnection({ own, visible }: User, id: string | undefined): Connection | undefined {
  const newest = [...visible.keys()];
  return [...own]
    .filter(
      ({ connectionId, delivery }) =>
        delivery === 'live' && visible.has(connectionId) && (id === undefined || id === connectionId),
    )
    .sort((a, b) => newest.indexOf(a.connectionId) - newest.indexOf(b.connectionId))
    .at(-1);
}

function unavailable(cause: unknown): never {
  throw new PresenceError('unavailable', { cause });
}
