/**
 * A story: settings, and what the viewer, a friend of it and Secret do. Played
 * in two worlds that differ in one fact, it must give the viewer the same
 * bytes at the same times.
 */
import * as fc from 'fast-check';
import { FACTS, FRIEND, move, SECRET, VIEWER, type Fact, type FactName, type Move } from './facts.ts';
import { World, type Message, type RoomKind } from './world.ts';
import type { Clockwork } from './clockwork.ts';
import type { PresenceJoinOptions, PresenceOptions } from '../../../src/index.ts';

type Step =
  | { who: 'viewer'; says: Message[] }
  | { who: 'viewer'; do: 'leave' | 'lose' | 'return' | 'stops reading' | 'reads on' }
  | { who: 'viewer'; do: 'joins'; options: PresenceJoinOptions }
  | { who: 'friend'; status: string | null }
  | { who: 'secret'; move: Move }
  | { who: 'the game'; follows: string[] }
  | { who: 'time'; passes: number };

export interface Story {
  fact: FactName;
  room: RoomKind;
  /** Whether there is a store that all processes share. */
  store: boolean;
  options: PresenceOptions;
  viewer: PresenceJoinOptions;
  /** `together`: what comes next is read in the same turn. */
  steps: Array<Step & { together?: boolean }>;
  /** Before which step the fact becomes so, where it does in the middle. */
  turnAt: number;
}

/** All that the viewer is sent, and when. */
export async function play(story: Story, which: 'a' | 'b', clockwork: Clockwork): Promise<string[]> {
  const fact: Fact = FACTS[story.fact];
  const world = await new World(clockwork, story.store && fact.tellsByStore !== true).open(
    story.room,
    optionsOf(story, fact, which),
  );
  const viewer = world.player(VIEWER);
  const friend = world.player(FRIEND);
  const secret = world.player(SECRET);
  friend.join({ status: '' });
  await clockwork.settle();
  fact.begin?.(which, world);
  await clockwork.settle();
  let turned = false;
  let joined = fact.viewerStays === true;
  if (joined) {
    secret.join({ status: 'hello' });
    viewer.join(story.viewer, [['send', 'presence:follow', { userIds: [SECRET] }]]);
    await clockwork.settle();
  }
  for (const [at, step] of story.steps.entries()) {
    if (at === (fact.viewerStays === true ? 0 : story.turnAt) && fact.turn !== undefined) {
      await clockwork.settle();
      secret.comeBack();
      await clockwork.settle();
      fact.turn(which, world, secret);
      await clockwork.settle();
      // Also the store has heard of it.
      await clockwork.pass(50);
      turned = true;
    }
    if (step.who === 'viewer' && !joined) {
      joined = true;
      viewer.join(story.viewer);
      await clockwork.settle();
    }
    await doStep(step, { story, world, viewer, friend, secret, clockwork, fact }, fact.acts(which, turned));
    const together = step.together === true && step.who !== 'secret' && story.steps[at + 1]?.who !== 'secret';
    await (together ? clockwork.drain() : clockwork.settle());
  }
  await clockwork.pass(200);
  await world.close();
  return viewer.record;
}

function optionsOf({ options }: Story, fact: Fact, which: 'a' | 'b'): PresenceOptions {
  const { resolveFollows } = options;
  return {
    ...options,
    ...(resolveFollows !== undefined && { resolveFollows: ({ userId }) => friendList(userId, fact) }),
    ...fact.options?.(which),
  };
}

function friendList(userId: string, { sparesFriendList }: Fact): string[] {
  const friends = sparesFriendList === true ? [FRIEND] : [FRIEND, SECRET];
  return userId === VIEWER ? friends : [];
}

interface Cast {
  story: Story;
  world: World;
  viewer: Awaited<ReturnType<World['player']>>;
  friend: Awaited<ReturnType<World['player']>>;
  secret: Awaited<ReturnType<World['player']>>;
  clockwork: Clockwork;
  fact: Fact;
}

async function doStep(step: Step, cast: Cast, acts: ReturnType<Fact['acts']>): Promise<void> {
  const { story, world, viewer, friend, secret, clockwork, fact } = cast;
  switch (step.who) {
    case 'viewer':
      if ('says' in step) {
        viewer.say(step.says.map((message) => spare(message, fact)));
      } else {
        act(step, cast);
      }
      break;
    case 'friend':
      friend.say([['send', 'presence:status', { status: step.status }]]);
      break;
    case 'secret':
      // Whom anybody here follows is known without the store.
      if (story.store && step.move.do === 'follow') {
        break;
      }
      move(secret, step.move, acts);
      break;
    case 'the game':
      void world.api.follow(
        { userId: VIEWER },
        step.follows.filter((userId) => userId !== SECRET || fact.sparesFriendList !== true),
      );
      break;
    case 'time':
      await clockwork.pass(fact.viewerStays === true ? Math.min(step.passes, 16_000) : step.passes);
      break;
  }
}

function act(step: Extract<Step, { do: string }>, { viewer, fact }: Cast): void {
  switch (step.do) {
    case 'leave':
      return fact.viewerStays === true ? undefined : viewer.leave();
    case 'lose':
      return viewer.drop(1006);
    case 'return':
      return viewer.comeBack();
    case 'joins':
      return viewer.isConnected || fact.viewerStays === true ? undefined : viewer.join(step.options);
    case 'stops reading':
    case 'reads on':
      viewer.reads(step.do === 'reads on');
  }
}

/** A request without the ids that tell the fact as documented. */
function spare([form, type, payload]: Message, { spares }: Fact): Message {
  const { userIds } = payload as { userIds?: unknown };
  return spares?.includes(type) === true && Array.isArray(userIds)
    ? [form, type, { ...(payload as object), userIds: userIds.filter((userId) => userId !== SECRET) }]
    : [form, type, payload];
}

// --- how they are drawn

/** Most messages the viewer writes at once. */
const BURST = 3;

const ids = fc.array(fc.constantFrom(SECRET, SECRET, SECRET, FRIEND, 'nobody', VIEWER, 'other'), { maxLength: 4 });
const status = fc.constantFrom(null, '', 'hello', 'playing', '{"matchId":"m1"}');
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
      fc.record({
        type: fc.constant('presence:join'),
        payload: fc.record({ userId: fc.constantFrom(SECRET, SECRET, SECRET, FRIEND, 'nobody') }),
      }),
      fc.record({
        type: fc.constantFrom('presence:follow', 'presence:nonsense', 'presence:status'),
        payload: fc.constantFrom<object[]>({}, { userIds: 5 }, { userIds: [''] }, { status: 7 }),
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
  fc.record({ who: fc.constant('time' as const), passes: fc.constantFrom(1, 150, 6000, 16_000, 25 * 3_600_000) }),
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
    steps: fc.array(
      fc.tuple(step, fc.boolean()).map(([what, together]) => ({ ...what, ...(together && { together }) })),
      { minLength: 2, maxLength: 14 },
    ),
    turnAt: fc.nat(8),
  });
}
