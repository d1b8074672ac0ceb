/**
 * What a game developer can set. Every field documents its unit, its default
 * and what happens when the limit is crossed; `DEFAULTS` holds the numbers;
 * `resolveOptions()` refuses invalid values with a full sentence.
 */
import type { UserIdLike } from './ids.ts';
import type { Presence } from './protocol.ts';
import { didYouMean, given } from './wording.ts';

/** The user behind a connection, as `identify` names it. */
export interface Identity {
  /** Non-empty, at most 128 characters. A whole number stands for its decimal text. */
  userId: UserIdLike;
  /** Shown to followers together with the id. At most 128 characters. */
  username?: string;
}

/** A user and its name, as presence holds them. */
export interface Named {
  readonly userId: string;
  readonly username?: string;
}

/** The user who looks, and its connection: passed to the hooks. */
export interface Viewer {
  readonly userId: string;
  readonly username: string | undefined;
  readonly connectionId: string;
  /** `client.auth` of the viewing connection. */
  readonly auth: unknown;
}

/** The features. A call of a feature that is switched off fails with `feature_disabled`. */
export interface Features {
  /** `presence:status`, and the join option `status` (which is then ignored). Default true. (The server can still set statuses.) */
  status: boolean;
  /** `presence:follow` and `presence:unfollow`. Default true. (The server's own follows keep working.) */
  follow: boolean;
  /** `presence:query` of other users. Querying only oneself always works. Default true. */
  query: boolean;
  /** `presence:join`. Default true. */
  join: boolean;
  /** `presence:invite`, `presence:ask` and `presence:answer`. Default true. */
  invite: boolean;
  /** `presence:party`, and invites to a party. Default true. */
  party: boolean;
}

/** A match as the hooks of `presence:join` see it. */
export interface Match {
  readonly roomId: string;
  readonly name: string;
  readonly clients: number;
  readonly maxClients: number;
  readonly metadata: unknown;
}

/** Join options of a match, as a client may choose them. */
export type JoinOptions = Record<string, unknown>;

/** Timing of the cluster. The same for all presence-aware rooms of a process. */
export interface ClusterOptions {
  /**
   * Whether to talk to other processes. `'auto'`: yes, unless Colyseus runs on
   * its `LocalPresence`, which no other process can reach. Default `'auto'`.
   */
  enabled: 'auto' | boolean;
  /** First part of every key and topic, without `:`. Clusters that share a Redis need different ones. Default `'presence'`. */
  prefix: string;
  /** Milliseconds between two heartbeats of a process. Default 2000. */
  heartbeatMs: number;
  /** A process counts as crashed when no message of it has arrived for so many milliseconds and its lease has expired. Default 6000; at least two heartbeats. */
  leaseMs: number;
  /**
   * Milliseconds for which the players of a process that shuts down gracefully
   * stay visible while they rejoin elsewhere. Default 15000.
   */
  handoffMs: number;
  /** Anti-entropy: maximum of users re-read from the shared store per heartbeat, which repairs the effect of lost messages. Default 100. */
  antiEntropyBatch: number;
}

/** An answer of `canFollow`: the allowed ids, or one boolean per asked id, in order. */
export type Allowed = readonly UserIdLike[] | ReadonlySet<UserIdLike> | readonly boolean[];

/** A user as a row of the game's database: further fields are ignored. */
export interface Profile {
  readonly userId: UserIdLike;
  /** At most 128 characters; longer ones are cut. */
  readonly username?: string | null | undefined;
}

/** User ids, as a hook answers them. */
export type Ids = readonly UserIdLike[] | ReadonlySet<UserIdLike>;

/** The friends of a user: ids, or rows with ids. */
export type FriendList = readonly (UserIdLike | Profile)[] | ReadonlySet<UserIdLike | Profile>;

export interface PresenceOptions {
  /**
   * Names the user behind a client, from `client.auth` only. Default: the
   * first of `auth.userId`, `auth.id`, `auth.sub` that is a non-empty string
   * or a finite number, with `auth.username`, `auth.displayName` or `auth.name`.
   * `undefined` (or `null`) refuses the join (`unauthenticated`).
   */
  identify?: (auth: unknown) => Identity | null | undefined;
  /** Maximum of clients in one room; further joins open another room, on any process. Default 500. */
  maxClients?: number;
  /**
   * Maximum of connections of one user to this process, those in their grace included.
   * A further join is refused with `too_many_connections`; in a room with
   * `PresencePlugin` the player is let in, without presence. Default 16.
   */
  maxConnectionsPerUser?: number;
  /**
   * Seconds for which a dropped client keeps its status and follows. 0 = none. Default 15.
   * A connection that breaks silently is detected by the transport's pings,
   * after `pingMaxRetries` to `pingMaxRetries + 1` times `pingInterval` (6 to
   * 9 s by default). Then the grace begins; after it followers see it offline.
   */
  graceSeconds?: number;
  /** Maximum of UTF-8 bytes in a status. A longer one fails with `status_too_long`. Default 2048. */
  maxStatusBytes?: number;
  /** Maximum of ids in one follow or unfollow. More fail with `too_many_ids`. Default 100. */
  maxIdsPerFollow?: number;
  /** Maximum of ids in one query. More fail with `too_many_ids`. Default 500. */
  maxIdsPerQuery?: number;
  /** Maximum of users that one connection follows. Default 200. */
  maxFollows?: number;
  /**
   * What happens above `maxFollows`. `'reject'`: the call fails with
   * `too_many_follows` and changes nothing. `'oldest'`: the earliest follows
   * are dropped and reported as `evicted`. Default `'reject'`: a friend that
   * silently disappears from a list surprises more than an error.
   */
  evict?: 'reject' | 'oldest';
  /**
   * Maximum of follow, unfollow, query and join calls of one user per
   * `rateWindowMs`, over all its connections to this process. More fail with
   * `rate_limited`. A refused or malformed call does not count, nor does a query
   * of oneself. Default 20.
   */
  rateLimit?: number;
  /**
   * Maximum of ids in those calls per `rateWindowMs`. More fail with
   * `rate_limited`; a single call with more ids needs an empty window. Default
   * 2000: twenty full follows, or four full queries.
   */
  rateLimitIds?: number;
  /** Milliseconds of the window of `rateLimit` and `rateLimitIds`. Default 5000. */
  rateWindowMs?: number;
  /** Seconds after which an unanswered invite or ask expires. Default 60; at most 3600. */
  inviteSeconds?: number;
  /**
   * Maximum of invites and asks of one user per `inviteWindowSeconds`, over all
   * its connections to this process. More fail with `rate_limited`. They count
   * as calls of `rateLimit`, too. Default 20.
   */
  inviteLimit?: number;
  /** Maximum of invites and asks of one user to the same other user per `inviteWindowSeconds`. More fail with `rate_limited`. Default 5. */
  inviteLimitPerPair?: number;
  /** Seconds of the window of `inviteLimit` and `inviteLimitPerPair`. Default 60. */
  inviteWindowSeconds?: number;
  /** Maximum of members of a party. Whoever would be one more gets `party_full`. Default 8; at most 64. */
  maxPartySize?: number;
  /**
   * Seconds for which a member that no process shows any more, because it is away
   * or invisible, stays in its party. The first presence-aware room of a process
   * decides. Default 30.
   */
  partyAwaySeconds?: number;
  /** Maximum of messages of any kind per second. A client that sends more is disconnected (close code 4002). Default 1000. Not for `PresencePlugin`: there the room's own `maxMessagesPerSecond` applies. */
  floodLimit?: number;
  /**
   * Maximum of bytes that wait in a client's socket; above it, the client's
   * updates are held back and merged. A client that stays above it for 10 s is
   * disconnected (close code 4002). So is a client that has not read everything
   * and sends another request while 4 times as many bytes wait for all connections
   * of its user to this process together, while 1024 frames wait for it to
   * acknowledge its join, or while 1024 of its calls wait for the answers of
   * earlier ones. Default 262144 (256 KiB).
   */
  maxBufferedBytes?: number;
  /**
   * Milliseconds a hook may take before the call that needs it fails with
   * `hook_failed`. Default 5000. If the hook throws or returns an invalid value,
   * the call fails so at once and the log gives the reason; if it throws a
   * `PresenceError`, the call fails with that error.
   */
  hookTimeoutMs?: number;
  /**
   * Hours for which a user that has gone is remembered as `offline`; afterwards
   * it is `unlogined`. 0 = not at all. Default 24. Kept in this process's memory,
   * and with several processes also in Redis. The first presence-aware room of a
   * process decides for all of them.
   */
  rememberOfflineHours?: number;
  /** Maximum of users that a process remembers as `offline`; above it the earliest are forgotten. Default 100000: about 11 MB. */
  rememberOfflineUsers?: number;
  /**
   * What becomes of a `matchId` that a client writes into its status, when no
   * room with `MatchPlugin` says that the user is in that match. `'hide'`: it is
   * taken out of what others see. `'show'`: it is shown, with `match: { verified:
   * false }`: for games whose rooms do not have the plugin, since anybody can
   * write any id there. Default `'hide'`.
   */
  unverifiedMatches?: 'show' | 'hide';
  /** Capabilities. All on by default. */
  features?: Partial<Features>;
  /** Timing of the cluster. */
  cluster?: Partial<ClusterOptions>;

  /**
   * The game's own friend list. The server follows these users as soon as the
   * connection has joined, without any call of the client, and sends one
   * `presence:snapshot`. Entries are ids or rows `{ userId, username? }`, whose
   * names are told while the friend is offline. They do not use up `maxFollows` unless
   * `countResolvedFollows` is true. `canFollow` is not called for them. If the
   * hook fails, the player joins without these follows, the log and the client
   * are told, and the hook is asked again after about 1 s, 2 s, 4 s … up to a
   * minute. A `PresenceError` that is not retryable ends that.
   */
  resolveFollows?: (viewer: Viewer) => FriendList | Promise<FriendList>;
  /**
   * The names of users that are offline, or seem so: their presence has no name.
   * Called once per follow or query, for all its users whose name this connection
   * does not know yet and that `resolveFollows` has not named. Users that
   * `canFollow` refuses in a follow are included, so that the time of the reply
   * does not tell them apart; their names are not told. The names of followed users
   * are kept as long as they are followed. The viewer is told the name whatever
   * `redact` says, and whether the user is offline, is invisible or has blocked the
   * viewer. The reply waits for this hook. If it fails, these users have no name,
   * and the log says why. Default: only users that are online have a name.
   *
   * @example profilesOf: (userIds) => db.query('SELECT id AS "userId", name AS username FROM users WHERE id = ANY($1)', [userIds])
   */
  profilesOf?: (userIds: readonly string[], viewer: Viewer) => readonly Profile[] | Promise<readonly Profile[]>;
  /** Whether follows made by the server use up `maxFollows`. Default false. */
  countResolvedFollows?: boolean;
  /**
   * Which of these users may this viewer follow, query or join? Answers with
   * the allowed ids, as a list or a `Set`, or with one boolean per id, in order.
   * Never called about the viewer itself. Refused ids are treated like ids that
   * do not exist: a follow shows nothing, a query leaves them out, a join finds
   * nobody. Called for every request, but it does not end an existing follow: use
   * `presence.unfollow` or `presence.block`. Default: everybody may see
   * everybody.
   */
  canFollow?: (viewer: Viewer, userIds: readonly string[]) => Allowed | Promise<Allowed>;
  /**
   * Who has blocked this viewer, as the game has stored it from the event
   * `block` of `presence.on`. Asked for every connection that joins, before it
   * can see anybody; from then on each of them is blocked for all connections
   * of the viewer, as by `presence.block`, until `presence.unblock`. When it
   * fails, the join is refused with `hook_failed` and the log says why; in a
   * room with `PresencePlugin` the player is let in, without presence. The
   * viewer has no `connectionId` yet. Default: nobody.
   *
   * @example blockedBy: async ({ userId }) => db.blockersOf(userId)
   */
  blockedBy?: (viewer: Omit<Viewer, 'connectionId'>) => Ids | Promise<Ids>;
  /**
   * What this viewer sees of a presence: the presence itself, a changed copy
   * (same `userId` and `connectionId`), or `null` for nothing. Synchronous:
   * it runs for every delivery. Applied to snapshots, deltas, queries, state
   * and joins alike, but not to the viewer's own devices. If it throws, the
   * presence is hidden from that viewer (and one line is logged). When its answer
   * changes for another reason than a new presence, call `presence.refresh`. To
   * hide completely when a user comes and goes, refuse the user in `canFollow`.
   */
  redact?: (viewer: Viewer, presence: Readonly<Presence>) => Presence | null;
  /**
   * May this user invite that one, to a match or to a party? If not, the sender gets the usual
   * answer and the invite reaches nobody; throw a `PresenceError` to tell the
   * sender. The invites of a user never reach somebody who has blocked that user.
   * Default: yes, if the sender follows the other user (and `canFollow` does not
   * refuse it) or is followed by it.
   */
  canInvite?: (inviter: Viewer, invitedId: string) => boolean | Promise<boolean>;
  /**
   * May this viewer take a seat in this match? Runs before a seat is reserved.
   * With an invite, `presence` names the sender, with `connectionId: ''`.
   * Default: yes.
   */
  canJoin?: (viewer: Viewer, presence: Readonly<Presence>, match: Match) => boolean | Promise<boolean>;
  /**
   * The join options that the match's `onAuth` and `onJoin` get, instead of
   * those the client has sent with `presence:join` (`options`, any JSON object).
   * `false`, or anything else that is no object: `match_denied`. Runs after
   * `canJoin`. Default: those of the client. While a seat waits for a viewer, it
   * keeps the options it was reserved with.
   *
   * @example joinOptions: async ({ userId }, match, { team }) => ({ team, skin: await db.skinOf(userId) })
   */
  joinOptions?: (
    viewer: Viewer,
    match: Match,
    options: Readonly<JoinOptions>,
  ) => JoinOptions | false | Promise<JoinOptions | false>;
  /**
   * The auth data the match room gets for this viewer, instead of the result of
   * the room's own `onAuth`. `true`: none, the room's instance `onAuth` decides
   * when the seat is taken. `false`, `null` or `undefined`: `match_denied`.
   * Default: as if the viewer joined by id with its own token, so the match
   * room's `onAuth` decides. What cannot be checked is denied: a room that this
   * process does not define, a game without `joinById` in
   * `matchMaker.controller.exposedMethods`, and a WebSocket token that does not
   * name the same user as the token at matchmaking.
   */
  authorizeJoin?: (viewer: Viewer, match: Match, options: Readonly<JoinOptions>) => unknown;
}

/** Options with every default filled in. Hooks stay optional. */
export type ResolvedOptions = Required<Omit<PresenceOptions, 'features' | 'cluster' | HookName>> &
  Pick<PresenceOptions, HookName> & { features: Features; cluster: ClusterOptions };
type HookName =
  | 'resolveFollows'
  | 'profilesOf'
  | 'canFollow'
  | 'blockedBy'
  | 'redact'
  | 'canInvite'
  | 'canJoin'
  | 'joinOptions'
  | 'authorizeJoin';

/** Other processes take no party with more members. */
export const MAX_PARTY_SIZE = 64;

/** A longer timer would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Other processes take no invite that lasts longer. */
export const MAX_INVITE_SECONDS = 3600;

export const CLUSTER_DEFAULTS: ClusterOptions = {
  enabled: 'auto',
  prefix: 'presence',
  heartbeatMs: 2000,
  leaseMs: 6000,
  handoffMs: 15_000,
  antiEntropyBatch: 100,
};

export const DEFAULTS: Omit<ResolvedOptions, HookName> = {
  identify: defaultIdentify,
  maxClients: 500,
  maxConnectionsPerUser: 16,
  graceSeconds: 15,
  maxStatusBytes: 2048,
  maxIdsPerFollow: 100,
  maxIdsPerQuery: 500,
  maxFollows: 200,
  evict: 'reject',
  rateLimit: 20,
  rateLimitIds: 2000,
  rateWindowMs: 5000,
  inviteSeconds: 60,
  inviteLimit: 20,
  inviteLimitPerPair: 5,
  inviteWindowSeconds: 60,
  maxPartySize: 8,
  partyAwaySeconds: 30,
  floodLimit: 1000,
  maxBufferedBytes: 256 * 1024,
  hookTimeoutMs: 5000,
  rememberOfflineHours: 24,
  rememberOfflineUsers: 100_000,
  countResolvedFollows: false,
  unverifiedMatches: 'hide',
  features: { status: true, follow: true, query: true, join: true, invite: true, party: true },
  cluster: CLUSTER_DEFAULTS,
};

/** Fills in the defaults; throws a `TypeError` with a full sentence for a value that makes no sense. */
export function resolveOptions(options: PresenceOptions = {}): ResolvedOptions {
  requireKnown('colyseus-presence', options, [...Object.keys(DEFAULTS), ...HOOKS]);
  requireKnown('"features"', options.features, Object.keys(DEFAULTS.features));
  requireKnown('"cluster"', options.cluster, Object.keys(CLUSTER_DEFAULTS));
  const resolved: ResolvedOptions = {
    ...DEFAULTS,
    ...withoutUndefined(options),
    features: { ...DEFAULTS.features, ...withoutUndefined(options.features ?? {}) },
    cluster: { ...CLUSTER_DEFAULTS, ...withoutUndefined(options.cluster ?? {}) },
  };
  const { cluster, features } = resolved;

  for (const name of Object.keys(features) as (keyof Features)[]) {
    requireOneOf(`features.${name}`, features[name], [true, false]);
  }
  requireOneOf('countResolvedFollows', resolved.countResolvedFollows, [true, false]);
  requireOneOf('cluster.enabled', cluster.enabled, ['auto', true, false]);
  for (const name of COUNTS) {
    requireNumber(name, resolved[name], 1);
  }
  requireNumber('graceSeconds', resolved.graceSeconds, 0);
  requireNumber('inviteSeconds', resolved.inviteSeconds, 1, MAX_INVITE_SECONDS);
  requireNumber('rememberOfflineHours', resolved.rememberOfflineHours, 0);
  requireNumber('cluster.heartbeatMs', cluster.heartbeatMs, 10, LONGEST_TIMER_MS);
  requireNumber('cluster.leaseMs', cluster.leaseMs, cluster.heartbeatMs * 2, LONGEST_TIMER_MS);
  requireNumber('cluster.handoffMs', cluster.handoffMs, 0, LONGEST_TIMER_MS);
  requireNumber('cluster.antiEntropyBatch', cluster.antiEntropyBatch, 0);
  if (typeof cluster.prefix !== 'string') {
    throw new TypeError(`The option "cluster.prefix" must be a text, but is ${given(cluster.prefix)}.`);
  }
  if (cluster.prefix === '') {
    throw new TypeError('The option "cluster.prefix" must not be empty.');
  }
  if (cluster.prefix.includes(':')) {
    // It separates the parts of a key: "a" and "a:u" would share keys.
    throw new TypeError('The option "cluster.prefix" must not contain ":".');
  }
  requireOneOf('evict', resolved.evict, ['reject', 'oldest']);
  requireOneOf('unverifiedMatches', resolved.unverifiedMatches, ['show', 'hide']);
  for (const name of [...HOOKS, 'identify'] as const) {
    const hook: unknown = resolved[name as keyof ResolvedOptions];
    if (hook !== undefined && typeof hook !== 'function') {
      throw new TypeError(`The option "${name}" must be a function, but is ${given(hook)}.`);
    }
  }
  return resolved;
}

const HOOKS: ReadonlySet<string> = new Set<HookName>([
  'resolveFollows',
  'profilesOf',
  'canFollow',
  'blockedBy',
  'redact',
  'canInvite',
  'canJoin',
  'joinOptions',
  'authorizeJoin',
]);

const COUNTS = [
  'maxClients',
  'maxStatusBytes',
  'maxIdsPerFollow',
  'maxIdsPerQuery',
  'maxFollows',
  'rateLimit',
  'rateLimitIds',
  'maxConnectionsPerUser',
  'rateWindowMs',
  'inviteLimit',
  'inviteLimitPerPair',
  'inviteWindowSeconds',
  'maxPartySize',
  'partyAwaySeconds',
  'floodLimit',
  'maxBufferedBytes',
  'hookTimeoutMs',
  'rememberOfflineUsers',
] as const;

/** Throws a `TypeError` for what is no object of these options; `undefined` stands for none. */
export function requireKnown(what: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) {
    return;
  }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`The options of ${what} must be an object, but are ${given(options)}.`);
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new TypeError(`"${name}" is not an option of ${what}${didYouMean(name, known)}`);
    }
  }
}

function requireOneOf(name: string, value: unknown, known: readonly unknown[]): void {
  if (!known.includes(value)) {
    const words = known.map((each) => JSON.stringify(each)).join(' or ');
    throw new TypeError(`The option "${name}" must be ${words}, but is ${given(value)}.`);
  }
}

function requireNumber(name: string, value: unknown, least: number, most = Infinity): void {
  if (typeof value !== 'number' || !(value >= least)) {
    throw new TypeError(`The option "${name}" must be a number of at least ${least}, but is ${given(value)}.`);
  }
  if (value > most) {
    throw new TypeError(`The option "${name}" must be at most ${most}.`);
  }
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as never;
}

/** The default `identify`: see {@link PresenceOptions.identify}. */
export function defaultIdentify(auth: unknown): Named | undefined {
  if (typeof auth !== 'object' || auth === null) {
    return undefined;
  }
  const claims = auth as Record<string, unknown>;
  const userId = firstText(claims['userId'], claims['id'], claims['sub']);
  const username = firstText(claims['username'], claims['displayName'], claims['name']);
  return userId === undefined ? undefined : { userId, ...(username !== undefined && { username }) };
}

function firstText(...candidates: unknown[]): string | undefined {
  for (const candidate of candidates) {
    if (typeof candidate === 'string' && candidate !== '') {
      return candidate;
    }
    if (typeof candidate === 'number' && Number.isFinite(candidate)) {
      return String(candidate);
    }
  }
  return undefined;
}
