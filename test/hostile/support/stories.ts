/**
 * A story: settings, and what the viewer, a friend of it and Secret do. Played
 * in two worlds that differ in one fact, it must give the viewer the same
 * bytes at the same times.
 */
import { FACTS, FRIEND, move, SECRET, VIEWER, type Fact, type FactName, type Move } from './facts.ts';
import { World, type Message, type RoomKind } from './world.ts';
import type { Clockwork } from './clockwork.ts';
import type { PresenceJoinOptions, PresenceOptions, Profile } from '../../../src/index.ts';

export type Step =
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
  /** Whether the viewer is in a match, to which it may invite. */
  plays?: boolean;
  /** `together`: what comes next is read in the same turn. */
  steps: Array<Step & { together?: boolean }>;
  /** Before which step the fact becomes so, where it does in the middle. */
  turnAt: number;
}

/** All that the viewer is sent, and when. */
export async function play(story: Story, which: 'a' | 'b', clockwork: Clockwork): Promise<string[]> {
  const fact: Fact = FACTS[story.fact];
  const world = await new World(clockwork, story.store && fact.withoutStore !== true).open(
    story.room,
    optionsOf(story, fact, which),
  );
  const viewer = world.player(VIEWER);
  const friend = world.player(FRIEND);
  const secret = world.player(SECRET);
  friend.join({ status: '' });
  await clockwork.settle();
  if (story.plays === true) {
    await world.play(VIEWER);
  }
  fact.begin?.(which, world);
  await clockwork.settle();
  let turned = false;
  let joined = fact.viewerStays === true || fact.viewerFirst === true;
  if (joined) {
    secret.join({ status: 'hello' });
    viewer.join(story.viewer);
    await clockwork.pass(50);
    void world.api.follow({ userId: VIEWER }, [SECRET]);
    await clockwork.pass(50);
  }
  for (const [at, step] of story.steps.entries()) {
    if (at === (fact.viewerStays === true ? 0 : story.turnAt) && fact.turn !== undefined) {
      // What Secret has asked is answered: its calls are carried out one after the other.
      await clockwork.pass(20);
      secret.comeBack();
      await clockwork.settle();
      fact.turn(which, world, secret);
      await clockwork.settle();
      turned = true;
    }
    if (step.who === 'viewer' && !joined) {
      joined = true;
      viewer.join(story.viewer);
      await clockwork.settle();
    }
    // Two answers of the store in one millisecond have no order to compare: the game's are waited for, unless it is told not to.
    const isAlone = story.store && step.who === 'the game' && step.together !== true;
    if (isAlone) {
      await clockwork.pass(20);
    }
    await doStep(step, { story, world, viewer, friend, secret, clockwork, fact }, which, turned);
    const together =
      step.together === true &&
      fact.oneAtATime !== true &&
      step.who !== 'secret' &&
      story.steps[at + 1]?.who !== 'secret';
    await (together ? clockwork.drain() : clockwork.settle());
    if (isAlone) {
      await clockwork.pass(20);
    }
  }
  await clockwork.pass(200);
  await world.close();
  return viewer.record;
}

function optionsOf({ options }: Story, fact: Fact, which: 'a' | 'b'): PresenceOptions {
  const { resolveFollows, profilesOf } = options;
  return {
    ...options,
    ...(profilesOf !== undefined && { profilesOf: (userIds) => namesOf(userIds, fact, which) }),
    ...(resolveFollows !== undefined && { resolveFollows: ({ userId }) => friendList(userId, fact) }),
    ...fact.options?.(which),
  };
}

/** The names in the database of the game, which takes its time. */
async function namesOf(userIds: readonly string[], { isNobody }: Fact, which: 'a' | 'b'): Promise<Profile[]> {
  await new Promise((resolve) => {
    setTimeout(resolve, 2);
  });
  const known = userIds.filter((userId) => userId !== SECRET || isNobody !== true || which === 'b');
  return known.map((userId) => ({ userId, username: `${userId} by name` }));
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

async function doStep(step: Step, cast: Cast, which: 'a' | 'b', turned: boolean): Promise<void> {
  const { story, world, viewer, friend, secret, clockwork, fact } = cast;
  switch (step.who) {
    case 'viewer':
      if ('says' in step) {
        const messages = step.says.map((message) => name(spare(message, fact), viewer));
        for (const burst of fact.oneAtATime === true ? messages.map((message) => [message]) : [messages]) {
          await clockwork.settle();
          viewer.say(burst);
        }
      } else {
        act(step, cast);
      }
      break;
    case 'friend':
      friend.say([['send', 'presence:status', { status: step.status }]]);
      break;
    case 'secret':
      // Its timers would set the clock of this test for what the viewer is told in the same turn.
      if (story.store && step.move.do === 'follow') {
        break;
      }
      move(secret, step.move, fact, which, turned);
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

/** A request with the id of the invite that the viewer was told of last. */
function name([form, type, payload]: Message, viewer: Cast['viewer']): Message {
  return [form, type, JSON.parse(JSON.stringify(payload).replace('"LAST"', `"${viewer.lastInvite}"`)) as unknown];
}

/** A request without the ids that tell the fact as documented. */
function spare([form, type, payload]: Message, { spares }: Fact): Message {
  const { userIds } = payload as { userIds?: unknown };
  return spares?.includes(type) === true && Array.isArray(userIds)
    ? [form, type, { ...(payload as object), userIds: userIds.filter((userId) => userId !== SECRET) }]
    : [form, type, payload];
}
