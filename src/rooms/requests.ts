/**
 * What each request does: its fields, the feature it belongs to, and the
 * answer. A refusal is a `PresenceError` and leaves nothing half-done.
 */
import { answerAnswer, answerAsk, answerInvite } from './invite-requests.ts';
import { answerParty } from './party-requests.ts';
import { shownBoxes, takeCall } from './calls.ts';
import { reserveSeat, pickMatch } from '../core/join-friend.ts';
import { queryUsers } from '../core/query.ts';
import {
  readConnectionId,
  readFields,
  readIds,
  readMatchOptions,
  readStatus,
  readUsableIds,
  readUserId,
  type Fields,
} from './validate.ts';
import { toUserId } from '../ids.ts';
import { refusedIds, visibleIds } from '../core/hooks.ts';
import { namesOf, namesTo, someNames } from '../core/names.ts';
import { generalsTo, presencesTo } from '../core/view.ts';
import {
  PresenceError,
  type FollowReply,
  type JoinReply,
  type QueryReply,
  type RequestType,
  type Requests,
  type StatusReply,
  type UnfollowReply,
  type UserStatus,
  type WelcomeReply,
} from '../protocol.ts';
import type { Connection } from '../core/model.ts';
import type { Features } from '../options.ts';
import type { Runtime } from '../server/runtime.ts';

interface Answer<T extends RequestType> {
  readonly fields: readonly string[];
  /** Absent: it cannot be switched off. */
  readonly feature?: keyof Features;
  /** Whether it is answered although the feature is off. */
  readonly always?: (connection: Connection, fields: Fields) => boolean;
  readonly run: (
    connection: Connection,
    fields: Fields,
    runtime: Runtime,
  ) => Requests[T]['reply'] | Promise<Requests[T]['reply']>;
}
type AnswerOf<T extends RequestType> = { [K in RequestType]: Answer<K> }[T];

const ANSWERS: { [T in RequestType]: Answer<T> } = {
  'presence:status': { fields: ['status'], feature: 'status', run: answerStatus },
  'presence:follow': { fields: ['userIds'], feature: 'follow', run: answerFollow },
  'presence:unfollow': { fields: ['userIds'], feature: 'follow', run: answerUnfollow },
  'presence:query': { fields: ['userIds'], feature: 'query', always: isAboutSelf, run: answerQuery },
  'presence:join': { fields: ['userId', 'connectionId', 'options'], feature: 'join', run: answerJoin },
  'presence:invite': { fields: ['userId', 'matchId', 'party'], feature: 'invite', run: answerInvite },
  'presence:ask': { fields: ['userId', 'connectionId'], feature: 'invite', run: answerAsk },
  'presence:answer': { fields: ['inviteId', 'answer', 'options'], feature: 'invite', run: answerAnswer },
  'presence:party': {
    fields: ['action', 'userId', 'connectionId', 'name', 'options'],
    feature: 'party',
    run: answerParty,
  },
  'presence:welcome': { fields: [], run: answerWelcome },
};

/** Answers a request of a joined connection. `extra`: fields that the form of the message brings along. */
export function answerRequest<T extends RequestType>(
  type: T,
  connection: Connection,
  payload: unknown,
  extra: readonly string[],
  runtime: Runtime,
): Requests[T]['reply'] | Promise<Requests[T]['reply']> {
  const answer: AnswerOf<T> = ANSWERS[type];
  const fields = readFields(payload, [...answer.fields, ...extra]);
  const isOn = answer.feature === undefined || connection.options.features[answer.feature];
  if (!isOn && answer.always?.(connection, fields) !== true) {
    throw new PresenceError('feature_disabled');
  }
  return answer.run(connection, fields, runtime);
}

function answerStatus(connection: Connection, { status }: Fields, { tracker }: Runtime): StatusReply {
  tracker.setStatus(connection, readStatus(status, connection.options.maxStatusBytes));
  if (connection.user.lock !== undefined) {
    throw new PresenceError('status_locked');
  }
  return {};
}

async function answerFollow(connection: Connection, fields: Fields, runtime: Runtime): Promise<FollowReply> {
  const { tracker } = runtime;
  const { options } = connection;
  const requested = readIds(fields['userIds'], options.maxIdsPerFollow);
  takeCall(connection, requested.length, runtime);
  const pending = tracker.following.begin(connection);
  let reply: FollowReply = { presences: [], users: [] };
  try {
    const refused = await refusedIds(options, connection.viewer, requested);
    // Of the refused ones, too: in the time of the answer they are like ids that nobody has.
    pending.names = options.profilesOf && (await namesOf(connection, requested, runtime.log));
    await tracker.following.follow(pending, requested, 'client', refused, ({ users, evicted }) => {
      reply = {
        presences: presencesTo(connection, users),
        users: generalsTo(connection, users),
        ...someNames(namesTo(connection, users)),
        ...(evicted.length > 0 && { evicted: evicted.map(({ userId }) => userId) }),
      };
      holdUntilReplied(connection);
    });
  } finally {
    pending.end();
  }
  return reply;
}

/** The reply is sent some microtasks from now. Deltas have to come after it, so they are held until the next tick. */
function holdUntilReplied(connection: Connection): void {
  connection.replying = true;
  process.nextTick(() => {
    connection.replying = false;
  });
}

function answerUnfollow(connection: Connection, fields: Fields, runtime: Runtime): UnfollowReply {
  const { tracker } = runtime;
  const userIds =
    fields['userIds'] === undefined ? undefined : readIds(fields['userIds'], connection.options.maxIdsPerFollow);
  takeCall(connection, userIds?.length ?? 0, runtime);
  tracker.following.unfollow(connection, userIds);
  return {};
}

function isAboutSelf({ user }: Connection, { userIds }: Fields): boolean {
  const list: unknown[] = Array.isArray(userIds) ? userIds : [userIds];
  return list.length > 0 && list.every((userId) => toUserId(userId) === user.userId);
}

async function answerQuery(connection: Connection, fields: Fields, runtime: Runtime): Promise<QueryReply> {
  const { tracker } = runtime;
  const { options } = connection;
  const requested = readUsableIds(fields['userIds'], options.maxIdsPerQuery);
  if (!isAboutSelf(connection, fields)) {
    takeCall(connection, requested.length, runtime);
  }
  const allowed = await visibleIds(options, connection.viewer, requested);
  if (allowed.length === 0 && requested.length > 0) {
    throw new PresenceError('not_visible');
  }
  const { names } = connection;
  const hasNames = options.profilesOf !== undefined || names !== undefined;
  const told = hasNames ? await namesOf(connection, allowed, runtime.log) : undefined;
  const users = await queryUsers(tracker, allowed, connection);
  return { users: told === undefined ? users : users.map((user) => withName(user, told.get(user.userId))) };
}

/** With its name by the word of the game, if no presence tells one. */
function withName(user: UserStatus, username: string | undefined): UserStatus {
  const isNamed = username === undefined || user.presences.at(-1)?.username !== undefined;
  return isNamed ? user : { ...user, username };
}

async function answerJoin(connection: Connection, fields: Fields, runtime: Runtime): Promise<JoinReply> {
  const userId = readUserId(fields['userId']);
  const connectionId = fields['connectionId'] === undefined ? undefined : readConnectionId(fields['connectionId']);
  const joinOptions = readMatchOptions(fields['options']);
  takeCall(connection, 1, runtime);
  const { options, viewer } = connection;
  const target = pickMatch(await shownBoxes(connection, userId, runtime), connectionId);
  return reserveSeat({ viewer, target, joinOptions }, options, runtime.matchmaking);
}

/** For a client that did not listen yet when it was welcomed. */
function answerWelcome(connection: Connection, _fields: Fields, runtime: Runtime): WelcomeReply {
  takeCall(connection, connection.follows.size, runtime);
  connection.sink.welcome();
  const { outbox } = runtime.tracker;
  if (connection.sink.ready()) {
    outbox.resync(connection, 'messages');
  } else {
    outbox.owe(connection);
  }
  return {};
}
