import { beforeEach, describe, expect, test } from 'vitest';
import { generalsTo } from '../../src/core/view.ts';
import { CoreWorld, NOTHING, type Player } from './support/core-world.ts';

let world: CoreWorld;

beforeEach(() => {
  world = new CoreWorld();
});

describe('a follow under way', () => {
  let ann: Player;
  let answer: () => void;
  const followed = (): string[] => [...ann.connection.follows.keys()].map(({ userId }) => userId);

  beforeEach(async () => {
    ann = await world.join('ann');
    const waits = new Promise<void>((resolve) => (answer = resolve));
    world.cluster.watching = () => waits;
  });

  test.each([
    [['bob'], ['eve']],
    [['bob', 'eve'], []],
    [[], ['bob', 'eve']],
    [undefined, []],
  ])('unfollow %j: follows %j', async (unfollowed, rest) => {
    const follow = world.follow(ann, 'bob', 'eve');
    world.tracker.following.unfollow(ann.connection, unfollowed);
    answer();
    await follow;
    expect(followed()).toEqual(rest);
    world.tracker.disconnect(ann.connection, 'dropped');
    expect(world.leftovers()).toEqual(NOTHING);
  });

  test('one that began after the unfollow counts', async () => {
    const first = world.follow(ann, 'bob');
    world.tracker.following.unfollow(ann.connection, ['bob']);
    const second = world.follow(ann, 'bob');
    answer();
    await Promise.all([first, second]);
    expect(followed()).toEqual(['bob']);
  });

  test('what it tells and the first delta leave no gap and do not overlap', async () => {
    const bob = world.join('bob');
    answer();
    const { connection } = await bob;
    world.tracker.setStatus(connection, 'one');
    const told: string[] = [];
    await world.tracker.following.follow(
      world.tracker.following.begin(ann.connection),
      ['bob'],
      'client',
      undefined,
      ({ users }) => {
        told.push(...users.map((user) => statusesOf(user.userId)));
        world.tracker.setStatus(connection, 'two');
      },
    );
    world.flush();
    expect([told, ann.sink.take()]).toEqual([['one'], ['follows +bob', 'bob: one>two']]);
  });

  const statusesOf = (userId: string): string => world.shownTo(ann, userId).join();

  test('one whose connection ends is refused, and leaves nothing', async () => {
    const follow = world.follow(ann, 'bob');
    world.tracker.disconnect(ann.connection, 'dropped');
    answer();
    await expect(follow).rejects.toMatchObject({ code: 'not_joined' });
    expect(world.leftovers()).toEqual(NOTHING);
  });

  test('one on behalf of the connection brings a snapshot of those that are followed', async () => {
    const follow = world.tracker.following.followFor(ann.connection, ['bob', 'eve']);
    world.tracker.following.unfollow(ann.connection, ['bob']);
    answer();
    await follow;
    expect(ann.sink.take()).toEqual(['follows +eve', 'unfollowed: ', 'snapshot some: eve']);
  });
});

describe('the places for follows', () => {
  const followed = ({ connection }: Player): string[] => [...connection.follows.keys()].map(({ userId }) => userId);

  test('the earliest make room, never those that are asked for', async () => {
    const ann = await world.join('ann', { maxFollows: 3, evict: 'oldest' });
    await world.follow(ann, 'a', 'b', 'c');
    await world.follow(ann, 'a', 'd');
    expect(followed(ann)).toEqual(['a', 'c', 'd']);
    expect(ann.sink.take()).toEqual(['follows +a +b +c', 'follows +d -b']);
    await expect(world.follow(ann, '1', '2', '3', '4')).rejects.toMatchObject({ code: 'too_many_follows' });
    expect(followed(ann)).toEqual(['a', 'c', 'd']);
  });

  test.each([
    [false, ['friend', 'a', 'b']],
    [true, ['friend', 'a']],
  ])('of the server count: %s', async (countResolvedFollows, all) => {
    const ann = await world.join('ann', { maxFollows: 2, countResolvedFollows });
    await world.tracker.following.followFor(ann.connection, ['friend']);
    await world.follow(ann, 'a');
    await world.follow(ann, 'b').catch(() => {});
    expect(followed(ann)).toEqual(all);
  });
});

test('an unfollow ends the follows it names, says which, and lets go of the users', async () => {
  const ann = await world.join('ann');
  await world.follow(ann, 'a', 'b', 'c');
  const ended = world.tracker.following.unfollow(ann.connection, ['b', 'nobody', 'b']);
  expect(ended.map(({ userId }) => userId)).toEqual(['b']);
  expect([...ann.connection.follows.keys()].map(({ userId }) => userId)).toEqual(['a', 'c']);
  expect(ann.sink.take()).toEqual(['follows +a +b +c', 'follows -b']);
  expect(world.leftovers().users).not.toContain('b');
});

describe('a user that the server follows for the connection, and then the client itself', () => {
  test('takes one place from then on', async () => {
    const ann = await world.join('ann', { maxFollows: 1 });
    await world.tracker.following.followFor(ann.connection, ['friend', 'other']);
    await world.follow(ann, 'friend');
    await expect(world.follow(ann, 'other')).rejects.toMatchObject({ code: 'too_many_follows' });
    await world.follow(ann, 'friend');
  });

  test('does not take two with countResolvedFollows', async () => {
    const ann = await world.join('ann', { maxFollows: 2, countResolvedFollows: true });
    await world.tracker.following.followFor(ann.connection, ['friend', 'other']);
    await world.follow(ann, 'friend', 'other');
    expect(ann.connection.follows.size).toBe(2);
  });
});

describe('a refusal of `canFollow`', () => {
  const ask = async ({ connection }: Player, ...refused: string[]): Promise<void> => {
    await world.tracker.following.follow(
      world.tracker.following.begin(connection),
      ['ann', 'eve'],
      'client',
      new Set(refused),
    );
  };

  test('looks like an id that nobody has; whoever is refused later is gone from the whole state', async () => {
    const [ann, eve, bob] = [await world.join('ann'), await world.join('eve'), await world.join('bob')];
    world.set(ann, 'one');
    world.set(eve, 'two');
    world.flush();
    await ask(bob, 'ann');
    expect([world.shownTo(bob, 'ann'), world.shownTo(bob, 'eve')]).toEqual([[], ['two']]);
    world.set(ann, 'three');
    world.flush();
    expect(bob.sink.take()).toEqual(['follows +ann +eve']);
    await ask(bob, 'eve');
    expect(bob.sink.take()).toEqual(['snapshot everything: ann eve bob']);
    expect([world.shownTo(bob, 'ann'), world.shownTo(bob, 'eve')]).toEqual([['three'], []]);
    world.tracker.following.unfollow(bob.connection, undefined);
    expect(bob.connection.view?.refused.size).toBe(0);
  });
});

describe('a follow waits as long for one who must look absent as for one who is', () => {
  /** Lets the store answer all that it was asked until now. */
  let answer: () => void = () => {};
  beforeEach(() => {
    const { promise, resolve } = Promise.withResolvers<void>();
    answer = resolve;
    world.cluster.watching = () => promise;
  });
  const hasFollowed = (player: Player, userId: string): boolean =>
    [...player.connection.follows.keys()].some((user) => user.userId === userId);

  test('who is here invisibly is traced again; all who ask meanwhile wait for that, each in its own turn', async () => {
    const [, bob, eve] = [await world.join('ann'), await world.join('bob'), await world.join('eve')];
    world.cluster.watched.length = 0;
    const follows = [world.follow(bob, 'ann', 'nobody'), world.follow(eve, 'ann')];
    expect([world.cluster.watched, world.cluster.retraced]).toEqual([['nobody'], ['ann', 'ann']]);
    await Promise.resolve();
    expect(hasFollowed(eve, 'ann')).toBe(false);
    answer();
    await Promise.all(follows);
    expect([hasFollowed(bob, 'ann'), hasFollowed(eve, 'ann')]).toEqual([true, true]);
    await world.follow(await world.join('joe'), 'ann');
    expect(world.cluster.retraced).toHaveLength(2);
  });

  test('who comes invisibly while somebody waits for it changes nothing for those who ask then', async () => {
    const [bob, eve] = [await world.join('bob'), await world.join('eve')];
    const first = world.follow(bob, 'ann');
    await world.join('ann');
    const second = world.follow(eve, 'ann');
    expect(world.cluster.retraced).toEqual([]);
    answer();
    await Promise.all([first, second]);
  });

  test('who has gone, but is not forgotten yet, is traced again', async () => {
    const [ann, bob] = [await world.join('ann'), await world.join('bob')];
    world.set(ann, 'playing');
    world.tracker.disconnect(ann.connection, 'dropped');
    const follow = world.follow(bob, 'ann');
    expect(world.cluster.retraced).toEqual(['ann']);
    answer();
    await follow;
  });

  test('who has blocked the viewer, and is seen here by others, is traced, too, unless followed by somebody', async () => {
    const bob = await world.join('bob');
    world.set(await world.join('ann'), 'playing');
    world.tracker.block('ann', 'bob', true);
    const follow = world.follow(bob, 'ann');
    expect(world.cluster.retraced).toEqual(['ann']);
    answer();
    await follow;
    const eve = await world.join('eve');
    await world.follow(eve, 'ann');
    world.tracker.following.unfollow(bob.connection, undefined);
    await world.follow(bob, 'ann');
    expect(world.cluster.retraced).toHaveLength(1);
  });
});

describe('a follow while the store cannot tell of the users', () => {
  const IDS = ['absent', 'hidden', 'left', 'refused', 'blocker', 'secret', 'here'];
  const UNSEEN = IDS.slice(0, -1);
  let ann: Player;
  const generals = (): Record<string, string> =>
    Object.fromEntries(
      generalsTo(ann.connection, [...ann.connection.follows.keys()]).map(({ userId, general }) => [userId, general]),
    );

  beforeEach(async () => {
    ann = await world.join('ann', {
      redact: (_viewer, presence) => (presence.userId === 'secret' ? null : presence),
    });
    await world.join('hidden');
    const [here, secret, left] = [await world.join('here'), await world.join('secret'), await world.join('left')];
    for (const player of [here, secret, left]) {
      world.set(player, 'on');
    }
    world.set(left, null);
    world.tracker.block('blocker', 'ann', true);
    world.flush();
    UNSEEN.concat('here').forEach((userId) => world.cluster.unknown.add(userId));
    const { following } = world.tracker;
    await following.follow(following.begin(ann.connection), IDS, 'client', new Set(['refused']));
    ann.sink.take();
  });

  test('tells who is here, and all others are unknown, whatever the reason why they are not seen', () => {
    expect(generals()).toEqual(Object.fromEntries(UNSEEN.map((userId) => [userId, 'unknown'])));
    expect(world.shownTo(ann, 'here')).toEqual(['on']);
  });

  test('heals when the store tells, and nothing stays behind', () => {
    for (const userId of IDS) {
      world.cluster.unknown.delete(userId);
      world.host.applyRead(userId);
    }
    expect(generals()).toEqual({
      absent: 'unlogined',
      hidden: 'unlogined',
      left: 'offline',
      refused: 'unlogined',
      blocker: 'unlogined',
      secret: 'offline',
    });
    expect(ann.sink.take()).toEqual([
      'absent: unlogined',
      'hidden: unlogined',
      'left: offline',
      'refused: unlogined',
      'blocker: unlogined',
      'secret: offline',
    ]);
    expect(ann.connection.view?.unread.size).toBe(0);
    world.host.applyRead('absent');
    expect(ann.sink.take()).toEqual([]);
  });

  test('and a block meanwhile changes nothing that can be seen', () => {
    world.tracker.block('left', 'ann', true);
    expect([generals()['left'], ann.sink.take()]).toEqual(['unknown', []]);
    world.host.applyRead('left');
    expect(ann.sink.take()).toEqual(['left: unlogined']);
  });

  test('somebody who goes before it is known where else is unknown', () => {
    const here = [...world.tracker.connections.values()].find(({ user }) => user.userId === 'here')!;
    world.tracker.setStatus(here, null);
    world.flush();
    expect(ann.sink.take()).toEqual(['here: on>- unknown']);
    world.host.applyRead('here');
    expect(ann.sink.take()).toEqual(['here: offline']);
  });

  test('an unfollow, or the end of the connection, leaves nothing to heal', () => {
    world.tracker.following.unfollow(ann.connection, ['absent']);
    world.host.applyRead('absent');
    expect(ann.connection.view?.unread.has('absent')).toBe(false);
    world.tracker.disconnect(ann.connection, 'dropped');
    expect(ann.connection.view?.unread.size).toBe(0);
  });
});

test('whoever sees everything as it is needs no view of its own once all is known', async () => {
  const [ann, bob] = [await world.join('ann'), await world.join('bob')];
  world.cluster.unknown.add('bob').add('eve');
  await world.follow(ann, 'bob', 'eve');
  expect(ann.connection.view?.unread).toEqual(new Set(['bob', 'eve']));
  world.host.applyRead('bob');
  world.set(bob, 'on');
  expect(ann.connection.view).toBeDefined();
  world.host.applyRead('eve');
  expect(ann.connection.view).toBeUndefined();
  world.set(bob, 'on and on');
  world.flush();
  expect(ann.sink.take()).toEqual([
    'follows +bob +eve',
    'bob: unlogined',
    'eve: unlogined',
    'bob: ->on online',
    'bob: on>on and on',
  ]);
});
