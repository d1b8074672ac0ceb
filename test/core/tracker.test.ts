import { beforeEach, describe, expect, test } from 'vitest';
import { hasEnded, statusOf } from '../../src/core/derived.ts';
import type { Delivery } from '../../src/core/model.ts';
import type { PresenceOptions } from '../../src/options.ts';
import { CoreWorld, NOTHING, type Player } from './support/core-world.ts';

/** Longer than it takes until a follower that has fallen behind is looked at. */
const SOON_MS = 150;

let world: CoreWorld;
let seq = 0;

beforeEach(() => {
  world = new CoreWorld();
});

/** What can happen to a connection, and how its delivery looks then; what is not named here changes nothing. */
const EVENTS: Record<string, (player: Player) => void> = {
  'its socket is full': (player) => {
    player.sink.isReady = false;
    world.tracker.users.show(player.connection.user, 'another', `${++seq}`);
    world.flush();
    player.sink.isReady = true;
  },
  'it is owed a snapshot and takes it': ({ connection }) => {
    if (connection.delivery === 'behind') {
      world.timing.pass(SOON_MS);
    }
  },
  'its client drops': ({ connection }) => {
    world.tracker.suspend(connection);
  },
  'its client returns': ({ connection }) => {
    if (connection.delivery !== 'live' && connection.delivery !== 'behind') {
      world.tracker.resume(connection);
    }
  },
  'another process takes it over': ({ connection }) => {
    world.host.applyRegister(connection.user.userId, 'A', {
      seq: ++seq,
      entries: [{ connectionId: connection.connectionId, status: 'there', setAt: 1, epoch: 9 }],
    });
  },
  'it ends': ({ connection }) => {
    world.tracker.disconnect(connection, 'dropped');
  },
};

const NEXT: Record<Delivery, Partial<Record<string, Delivery>>> = {
  live: {
    'its socket is full': 'behind',
    'its client drops': 'away',
    'another process takes it over': 'moved',
    'it ends': 'gone',
  },
  behind: {
    'it is owed a snapshot and takes it': 'live',
    'its client drops': 'away',
    'another process takes it over': 'moved',
    'it ends': 'gone',
  },
  away: { 'its client returns': 'behind', 'another process takes it over': 'moved', 'it ends': 'gone' },
  moved: {},
  gone: {},
};

const WAYS: Record<Delivery, string[]> = {
  live: [],
  behind: ['its socket is full'],
  away: ['its client drops'],
  moved: ['another process takes it over'],
  gone: ['it ends'],
};

describe('the delivery of a connection', () => {
  describe.each(Object.keys(WAYS) as Delivery[])('%s', (from) => {
    test.each(Object.keys(EVENTS))('and %s', async (event) => {
      const ann = await world.join('ann');
      world.set(ann, 'one');
      world.flush();
      for (const before of WAYS[from]) {
        EVENTS[before]!(ann);
      }
      expect(ann.connection.delivery).toBe(from);
      ann.sink.take();
      EVENTS[event]!(ann);
      expect(ann.connection.delivery).toBe(NEXT[from][event] ?? from);
      if (from === 'moved' || from === 'gone') {
        expect(ann.sink.take()).toEqual([]);
      }
    });
  });

  test.each([
    ['gone', 'it ends'],
    ['moved', 'another process takes it over'],
  ])('nothing happens to one that is %s', async (_, end) => {
    const bob = await world.join('bob');
    const ann = await world.join('ann');
    await world.follow(bob, 'ann');
    world.set(ann, 'one');
    world.flush();
    EVENTS[end]!(ann);
    world.flush();
    [ann, bob].forEach(({ sink }) => sink.take());
    world.set(ann, 'two');
    await expect(world.follow(ann, 'bob')).rejects.toMatchObject({ code: 'not_joined' });
    expect(world.tracker.resume(ann.connection)).toBe(false);
    world.tracker.suspend(ann.connection);
    world.tracker.disconnect(ann.connection, 'consented');
    world.timing.pass(SOON_MS);
    world.flush();
    expect([ann.sink.take(), bob.sink.take()]).toEqual([[], []]);
    expect(world.tracker.users.byId.get('bob')?.followers.size).toBe(0);
  });

  test('one that another process took over is closed so that its client rejoins; one that was away is not', async () => {
    for (const isAway of [false, true]) {
      const ann = await world.join('ann');
      world.set(ann, 'one');
      world.flush();
      ann.sink.take();
      if (isAway) {
        world.tracker.suspend(ann.connection);
      }
      EVENTS['another process takes it over']!(ann);
      expect(ann.sink.take()).toEqual(isAway ? [] : ['closed, may rejoin']);
    }
  });

  test('one in its grace keeps its status and its follows, and is brought up to date on return', async () => {
    const [ann, bob] = [await world.join('ann'), await world.join('bob')];
    await world.follow(ann, 'bob');
    world.set(ann, 'here');
    world.tracker.suspend(ann.connection);
    world.set(bob, 'missed');
    world.flush();
    expect([statusOf(ann.connection), ann.sink.take()]).toEqual(['here', ['follows +bob']]);
    expect(world.tracker.resume(ann.connection)).toBe(true);
    world.timing.pass(SOON_MS);
    expect(ann.sink.take()).toEqual(['snapshot everything: bob ann']);
  });

  test('one that has returned is not taken over by a later resume', async () => {
    const ann = await world.join('ann');
    const { connectionId } = ann.connection;
    world.set(ann, 'here');
    world.tracker.suspend(ann.connection);
    world.tracker.resume(ann.connection);
    const thief = await world.join('ann', {}, { resume: connectionId });
    expect(thief.connection.connectionId).not.toBe(connectionId);
    expect([statusOf(ann.connection), hasEnded(ann.connection)]).toEqual(['here', false]);
  });
});

describe('a user that nobody needs', () => {
  test('leaves nothing, whoever was held or followed', async () => {
    const [ann, bob] = [await world.join('ann'), await world.join('bob')];
    await world.follow(bob, 'ann', 'nobody', 'bob');
    world.set(ann, 'one');
    world.flush();
    const { release } = world.tracker.users.hold('held');
    world.tracker.disconnect(ann.connection, 'consented');
    world.tracker.disconnect(bob.connection, 'dropped');
    release();
    release();
    world.flush();
    expect(world.leftovers()).toEqual(NOTHING);
  });

  test('a follow that is refused for want of places leaves nothing', async () => {
    const ann = await world.join('ann', { maxFollows: 2 });
    await expect(world.follow(ann, 'a', 'b', 'c')).rejects.toMatchObject({ code: 'too_many_follows' });
    expect([...world.tracker.users.byId.keys()]).toEqual(['ann']);
    expect([ann.connection.pending?.size, ann.sink.take()]).toEqual([0, []]);
    world.tracker.disconnect(ann.connection, 'dropped');
    expect(world.leftovers()).toEqual(NOTHING);
  });

  test('a process that shuts down alone tells everybody and keeps nothing', async () => {
    const [ann, bob] = [await world.join('ann'), await world.join('bob')];
    await world.follow(bob, 'ann');
    world.set(ann, 'one');
    await world.tracker.stop();
    expect(world.leftovers()).toEqual(NOTHING);
  });

  test('one that is handed off stays for as long as it may come back', async () => {
    world.cluster.canHandOff = true;
    const [ann, bob] = [await world.join('ann'), await world.join('bob')];
    await world.follow(bob, 'ann');
    world.set(ann, 'one');
    world.flush();
    world.tracker.disconnect(ann.connection, 'shutdown');
    world.timing.pass(900);
    expect(world.shownTo(bob, 'ann')).toEqual(['one']);
    bob.sink.take();
    world.timing.pass(200);
    expect(bob.sink.take()).toEqual(['ann: one>- offline']);
    world.tracker.disconnect(bob.connection, 'dropped');
    expect(world.leftovers()).toEqual(NOTHING);
  });
});

describe('the id of a connection', () => {
  test('is another one when it is shown again after it was hidden, and its client is told', async () => {
    const [ann, bob] = [await world.join('ann'), await world.join('bob')];
    await world.follow(bob, 'ann');
    const ids: string[] = [];
    for (const status of ['one', 'two', null, 'three', null, null, 'four', '']) {
      world.set(ann, status);
      world.flush();
      ids.push(ann.connection.connectionId);
    }
    expect(ids).toEqual(['c1', 'c1', 'c1', 'c3', 'c3', 'c3', 'c4', 'c4']);
    expect(ann.sink.take().filter((line) => line === 'welcome')).toHaveLength(2);
    expect([...world.tracker.connections.keys()]).toEqual(['c2', 'c4']);
    expect(world.tracker.connections.get('c4')).toBe(ann.connection);
    expect(ann.connection.viewer.connectionId).toBe('c4');
  });

  test('stays when nobody was told that it was hidden', async () => {
    const ann = await world.join('ann');
    world.set(ann, 'one');
    world.flush();
    world.set(ann, null);
    world.set(ann, 'two');
    world.flush();
    expect([ann.connection.connectionId, ann.sink.take()]).toEqual(['c1', ['ann: ->one online', 'ann: one>two']]);
  });

  test('of a connection that waits is taken over, with all that was said of it; once', async () => {
    const [ann, bob] = [await world.join('ann'), await world.join('bob')];
    await world.follow(bob, 'ann');
    world.set(ann, 'one');
    world.flush();
    const { connectionId } = ann.connection;
    bob.sink.take();
    const denied = await world.join('ann', {}, { resume: connectionId });
    expect(denied.connection.connectionId).not.toBe(connectionId);
    world.tracker.suspend(ann.connection);
    const back = await world.join('ann', {}, { resume: connectionId });
    const again = await world.join('ann', {}, { resume: connectionId });
    world.flush();
    expect([back, again].map(({ connection }) => connection.connectionId === connectionId)).toEqual([true, false]);
    expect([statusOf(back.connection), ann.connection.delivery, bob.sink.take()]).toEqual(['one', 'moved', []]);
    world.set(back, null);
    world.flush();
    world.set(back, 'two');
    expect(back.connection.connectionId).not.toBe(connectionId);
  });

  test('of another user is never taken over', async () => {
    const ann = await world.join('ann');
    world.set(ann, 'one');
    world.tracker.suspend(ann.connection);
    const eve = await world.join('eve', {}, { resume: ann.connection.connectionId });
    expect(eve.connection.connectionId).not.toBe(ann.connection.connectionId);
    expect(ann.connection.delivery).toBe('away');
  });
});

describe('a block', () => {
  let ann: Player;
  let bob: Player;

  async function follower(options: PresenceOptions = {}): Promise<Player> {
    const player = await world.join('bob', options);
    await world.follow(player, 'ann');
    player.sink.take();
    return player;
  }

  beforeEach(async () => {
    ann = await world.join('ann');
    bob = await follower();
    world.set(ann, 'one');
    world.flush();
    bob.sink.take();
  });

  test('looks as if the user had gone offline, to all connections of the other; its end as if it had come', async () => {
    const phone = await follower();
    world.tracker.block('ann', 'bob', true);
    expect([bob, phone].map(({ sink }) => sink.take())).toEqual([['ann: one>- offline'], ['ann: one>- offline']]);
    world.set(ann, 'two');
    world.flush();
    expect(bob.sink.take()).toEqual([]);
    world.tracker.block('ann', 'bob', false);
    expect(bob.sink.take()).toEqual(['ann: ->two online']);
  });

  test('holds for later connections: to them the user looks as to those that were there', async () => {
    world.tracker.block('ann', 'bob', true);
    const later = await follower();
    world.set(ann, 'two');
    world.flush();
    expect([world.shownTo(later, 'ann'), later.sink.take()]).toEqual([[], []]);
    expect(later.connection.view?.told.get('ann')?.general).toBe('offline');
    const eve = await world.join('eve');
    expect(eve.connection.view).toBeUndefined();
  });

  test('holds also when it was made while the other was not here, and ends then, too', async () => {
    world.tracker.block('ann', 'max', true);
    const max = await world.join('max');
    await world.follow(max, 'ann');
    expect(world.shownTo(max, 'ann')).toEqual([]);
    world.tracker.disconnect(max.connection, 'dropped');
    world.tracker.block('ann', 'max', false);
    expect((await world.join('max')).connection.view).toBeUndefined();
  });

  test('the same again, of oneself, or the end of none changes nothing', () => {
    world.tracker.block('ann', 'ann', true);
    world.tracker.block('ann', 'bob', false);
    expect([bob.connection.view, ann.connection.view]).toEqual([undefined, undefined]);
    world.tracker.block('ann', 'bob', true);
    world.tracker.block('ann', 'bob', true);
    expect(bob.sink.take()).toEqual(['ann: one>- offline']);
  });

  test('what the other does is still seen by the one who blocked', async () => {
    await world.follow(ann, 'bob');
    world.tracker.block('ann', 'bob', true);
    ann.sink.take();
    world.set(bob, 'here');
    world.flush();
    expect(ann.sink.take()).toEqual(['bob: ->here online']);
  });
});

test('refresh asks `redact` again about everybody who is followed', async () => {
  let answer = 'busy';
  const ann = await world.join('ann');
  const bob = await world.join('bob', { redact: (_, presence) => ({ ...presence, status: answer }) });
  await world.follow(bob, 'ann');
  world.set(ann, 'one');
  world.flush();
  bob.sink.take();
  world.tracker.refresh(bob.connection);
  answer = 'free';
  world.tracker.refresh(bob.connection);
  expect(bob.sink.take()).toEqual(['ann: busy>free']);
});
