/** How stories are drawn, by fast-check, which also finds the shortest that fails. */
import * as fc from 'fast-check';
import { FRIEND, SECRET, VIEWER, type FactName, type Move } from './facts.ts';
import type { Step, Story } from './stories.ts';
import { MATCH, type Message, type RoomKind } from './world.ts';
import type { PresenceJoinOptions, PresenceOptions } from '../../../src/index.ts';

/** Most messages the viewer writes at once. */
const BURST = 3;

const ids = fc.array(fc.constantFrom(SECRET, SECRET, SECRET, FRIEND, 'nobody', VIEWER, 'other'), { maxLength: 4 });
const status = fc.constantFrom(null, '', 'hello', 'playing', '{"matchId":"m1"}', '{"matchId":"m2"}');
const form = fc.constantFrom('send' as const, 'request' as const);
const cid = fc.nat(3);

const message: fc.Arbitrary<Message> = fc
  .tuple(
    form,
    fc.oneof(
      fc.record({ type: fc.constantFrom('presence:follow', 'presence:query'), payload: fc.record({ userIds: ids }) }),
      fc.record({
        type: fc.constant('presence:unfollow'),
        payload: fc.oneof(fc.record({ userIds: ids }), fc.constant({})),
      }),
      fc.record({ type: fc.constant('presence:status'), payload: fc.record({ status }) }),
      fc.record({ type: fc.constant('presence:welcome'), payload: fc.constant({}) }),
      fc.record({
        type: fc.constant('presence:join'),
        payload: fc.record({ userId: fc.constantFrom(SECRET, SECRET, SECRET, FRIEND, 'nobody') }),
      }),
      fc.record({
        type: fc.constantFrom('presence:invite', 'presence:invite', 'presence:ask'),
        payload: fc.record({ userId: fc.constantFrom(SECRET, SECRET, SECRET, FRIEND, 'nobody') }),
      }),
      fc.record({
        type: fc.constant('presence:invite'),
        payload: fc.record({ userId: fc.constant(SECRET), matchId: fc.constantFrom(MATCH, MATCH, 'm1') }),
      }),
      fc.record({
        type: fc.constant('presence:invite'),
        payload: fc.record({ userId: fc.constantFrom(SECRET, SECRET, FRIEND), party: fc.constant(true) }),
      }),
      fc.record({
        type: fc.constant('presence:party'),
        payload: fc.record({
          action: fc.constantFrom('leave', 'kick', 'promote', 'join'),
          userId: fc.constantFrom(SECRET, SECRET, FRIEND),
        }),
      }),
      fc.record({
        type: fc.constant('presence:answer'),
        payload: fc.record({
          inviteId: fc.constantFrom('LAST', 'LAST', 'unknown'),
          answer: fc.constantFrom('cancel', 'cancel', 'accept', 'decline'),
        }),
      }),
      fc.record({
        type: fc.constantFrom('presence:follow', 'presence:nonsense', 'presence:status'),
        payload: fc.constantFrom<object[]>({}, { userIds: 5.5 }, { userIds: [''] }, { status: 7 }),
      }),
    ),
    cid,
  )
  .map(([how, { type, payload }, id]) => [how, type, how === 'send' ? { ...payload, cid: id } : payload]);

const joinOptions: fc.Arbitrary<PresenceJoinOptions> = fc.record(
  { status, sync: fc.constantFrom('both', 'state', 'deltas'), resume: fc.constantFrom('unknown') },
  { requiredKeys: [] },
);

const secretMove: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('enter' as const), status }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('status' as const), status }) },
  fc.record({ do: fc.constantFrom('follow' as const, 'unfollow' as const, 'query' as const), userIds: ids }),
  fc.record({ do: fc.constantFrom('leave' as const, 'drop' as const, 'lose' as const, 'return' as const) }),
  fc.record({ do: fc.constant('decline' as const) }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      who: fc.constant('viewer' as const),
      says: fc.array(message, { minLength: 1, maxLength: BURST }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ who: fc.constant('secret' as const), move: secretMove }) },
  { weight: 2, arbitrary: fc.record({ who: fc.constant('friend' as const), status }) },
  fc.record({
    who: fc.constant('viewer' as const),
    do: fc.constantFrom(
      'leave' as const,
      'lose' as const,
      'return' as const,
      'stops reading' as const,
      'reads on' as const,
    ),
  }),
  fc.record({ who: fc.constant('viewer' as const), do: fc.constant('joins' as const), options: joinOptions }),
  fc.record({ who: fc.constant('the game' as const), follows: ids }),
  fc.record({
    who: fc.constant('time' as const),
    passes: fc.constantFrom(1, 150, 6000, 16_000, 61_000, 25 * 3_600_000),
  }),
);

const asked = async (userIds: readonly string[]): Promise<boolean[]> => Promise.resolve(userIds.map(() => true));

const options: fc.Arbitrary<PresenceOptions> = fc.record(
  {
    evict: fc.constantFrom('oldest', 'reject'),
    maxFollows: fc.constantFrom(1, 2),
    rateLimit: fc.constantFrom(2),
    graceSeconds: fc.constantFrom(0),
    rememberOfflineHours: fc.constantFrom(0),
    maxIdsPerQuery: fc.constantFrom(2),
    countResolvedFollows: fc.constantFrom(true),
    resolveFollows: fc.constantFrom(() => []),
    profilesOf: fc.constantFrom(() => []),
    canFollow: fc.constantFrom((_: unknown, userIds: readonly string[]) => asked(userIds)),
    redact: fc.constantFrom<NonNullable<PresenceOptions['redact']>[]>(
      (_, presence) => ({ ...presence, status: presence.status === '' ? '' : 'here' }),
      (_, presence) => (presence.status === 'hello' ? null : presence),
    ),
    features: fc.record(
      { query: fc.constant(false), follow: fc.constant(false), join: fc.constant(false) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

export function stories(facts: readonly FactName[]): fc.Arbitrary<Story> {
  return fc.record({
    fact: fc.constantFrom(...facts),
    room: fc.constantFrom<RoomKind[]>('presence', 'presence', 'lobby', 'plugin'),
    store: fc.boolean(),
    options: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, options),
    viewer: joinOptions,
    plays: fc.boolean(),
    steps: fc.array(
      fc
        .tuple(step, fc.boolean())
        .map(([what, together]) => ({ ...what, together: together && what.who !== 'the game' })),
      { minLength: 2, maxLength: 14 },
    ),
    turnAt: fc.nat(8),
  });
}
