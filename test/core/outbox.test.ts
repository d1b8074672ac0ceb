import { beforeEach, describe, expect, test } from 'vitest';
import { MAX_WAIT_MS, PAUSE_MS } from '../../src/core/pace.ts';
import type { PresenceOptions } from '../../src/options.ts';
import { CoreWorld, type Player } from './support/core-world.ts';

/** Longer than it takes until a follower that has fallen behind is looked at. */
const SOON_MS = 150;

describe('the outbox', () => {
  let world: CoreWorld;
  let ann: Player;
  let bob: Player;

  /** Follows Ann, and has forgotten what it was told of that. */
  async function follower(userId: string, options: PresenceOptions = {}): Promise<Player> {
    const player = await world.join(userId, options);
    await world.follow(player, 'ann');
    player.sink.take();
    return player;
  }

  beforeEach(async () => {
    world = new CoreWorld();
    ann = await world.join('ann');
    bob = await follower('bob');
  });

  describe('merges', () => {
    test('a follower hears the first old and the last new status, at the end of the turn', () => {
      world.set(ann, 'one');
      world.set(ann, 'two');
      expect(bob.sink.take()).toEqual([]);
      world.timing.turn();
      expect(bob.sink.take()).toEqual(['ann: ->two online']);
      world.set(ann, 'three');
      world.set(ann, 'four');
      world.timing.turn();
      expect(bob.sink.take()).toEqual(['ann: two>four']);
      expect(ann.sink.take()).toEqual(['ann: ->two online', 'ann: two>four']);
    });

    test('what cancels itself out is not told', () => {
      world.set(ann, 'one');
      world.set(ann, null);
      world.tracker.users.show(ann.connection.user, 'other', 'x');
      world.tracker.users.hide(ann.connection.user, 'other', 'unlogined');
      world.timing.turn();
      expect(bob.sink.take()).toEqual([]);
      world.set(ann, 'one');
      world.timing.turn();
      world.set(ann, 'two');
      world.set(ann, 'one');
      world.timing.turn();
      expect(bob.sink.take()).toEqual(['ann: ->one online']);
      expect(world.tracker.outbox.stats).toMatchObject({ updates: 1, delivered: 2 });
    });

    test('connections of one user are one update, users are one frame', async () => {
      const other = await world.join('ann');
      const eve = await world.join('eve');
      await world.follow(bob, 'eve');
      bob.sink.take();
      world.set(ann, 'pc');
      world.set(eve, 'here');
      world.set(other, 'phone');
      const { delivered } = world.tracker.outbox.stats;
      world.timing.turn();
      expect(bob.sink.take()).toEqual(['ann: ->pc ->phone online', 'eve: ->here online']);
      // Bob, both of Ann, and Eve.
      expect(world.tracker.outbox.stats.delivered - delivered).toBe(4);
    });

    test('what waits is known by user and by connection, and is over with the flush', () => {
      const { outbox } = world.tracker;
      const { user, connectionId } = ann.connection;
      world.set(ann, 'one');
      expect([outbox.has(user), outbox.waits(user, connectionId), outbox.waits(user, 'other')]).toEqual([
        true,
        true,
        false,
      ]);
      world.flush();
      expect([outbox.has(user), outbox.waits(user, connectionId)]).toEqual([false, false]);
      const { flushes } = outbox.stats;
      world.flush();
      expect(outbox.stats.flushes).toBe(flushes);
    });

    test('followers that hear the same share the batch', async () => {
      const eve = await follower('eve');
      const batches: unknown[] = [];
      for (const { sink } of [bob, eve]) {
        sink.deliver = (batch) => batches.push(batch);
      }
      world.set(ann, 'one');
      world.flush();
      expect(batches).toHaveLength(2);
      expect(batches[0]).toBe(batches[1]);
    });
  });

  describe('under load', () => {
    /** So many followers that sending to them takes 40 ms, and a flush that has merged changes. */
    async function crowd(): Promise<void> {
      for (let i = 0; i < 40; i++) {
        const { sink } = await follower(`fan ${i}`);
        sink.onDeliver = () => {
          world.timing.ms++;
        };
      }
      world.set(ann, 'load');
      world.set(ann, 'loaded');
      world.timing.turn();
      bob.sink.take();
    }

    test('waits for the rest of the burst, and leaves when it pauses', async () => {
      await crowd();
      world.set(ann, 'a');
      world.timing.turn();
      world.timing.pass(PAUSE_MS - 1, 1);
      world.set(ann, 'b');
      world.timing.pass(PAUSE_MS - 1, 1);
      expect(bob.sink.take()).toEqual([]);
      world.timing.pass(PAUSE_MS, 1);
      expect(bob.sink.take()).toEqual(['ann: loaded>b']);
    });

    test('a change that stays alone waits for one pause', async () => {
      await crowd();
      world.set(ann, 'a');
      world.timing.pass(PAUSE_MS - 1, 1);
      expect(bob.sink.take()).toEqual([]);
      world.timing.pass(1, 1);
      expect(bob.sink.take()).toEqual(['ann: loaded>a']);
    });

    test('never longer than MAX_WAIT_MS, however long the burst goes on', async () => {
      await crowd();
      const waits: number[] = [];
      let since = world.timing.ms;
      bob.sink.onDeliver = () => {
        waits.push(world.timing.ms - since);
      };
      for (let i = 0; waits.length < 5; i++) {
        const { flushes } = world.tracker.outbox.stats;
        world.set(ann, `burst ${i}`);
        world.timing.pass(1, 1);
        if (world.tracker.outbox.stats.flushes > flushes) {
          since = world.timing.ms;
        }
      }
      expect(Math.max(...waits)).toBeLessThanOrEqual(MAX_WAIT_MS + PAUSE_MS);
      expect(Math.min(...waits)).toBeGreaterThan(PAUSE_MS);
      expect(bob.sink.take()).toHaveLength(waits.length);
    });

    test('what somebody flushed meanwhile is not told again', async () => {
      await crowd();
      world.set(ann, 'a');
      world.flush();
      world.set(ann, 'b');
      world.timing.pass(PAUSE_MS - 1, 1);
      expect(bob.sink.take()).toEqual(['ann: loaded>a']);
      world.timing.pass(SOON_MS);
      expect(bob.sink.take()).toEqual(['ann: a>b']);
    });
  });

  describe('a large audience', () => {
    let fans: Player[];
    /** How many have been told since it was last asked. */
    const told = (): number => fans.filter(({ sink }) => sink.take().length > 0).length;

    /** Ann is visible, and sending to her followers takes 200 ms; Bob is the last of them. */
    beforeEach(async () => {
      world.tracker.following.unfollow(bob.connection, undefined);
      fans = [];
      for (let i = 0; i < 200; i++) {
        fans.push(await follower(`fan ${i}`));
      }
      await world.follow(bob, 'ann');
      world.set(ann, 'one');
      world.timing.turn();
      for (const { sink } of fans) {
        sink.onDeliver = () => {
          world.timing.ms++;
        };
      }
      [...fans, bob].forEach(({ sink }) => sink.take());
      world.set(ann, 'two');
    });

    test('is told in slices, between which other work gets its turn; what changes meanwhile is told to all after it', () => {
      const slices: number[] = [];
      world.timing.turn();
      slices.push(told());
      world.set(ann, 'three');
      while (bob.sink.heard.length === 0) {
        world.timing.turn();
        slices.push(told());
      }
      expect(bob.sink.take()).toEqual(['ann: one>two']);
      expect(slices).toEqual([64, 64, 64, 8]);
      expect(world.tracker.outbox.stats.updates).toBe(2);
      world.timing.pass(1000);
      expect([bob.sink.take(), told()]).toEqual([['ann: two>three'], 200]);
    });

    test('what somebody else wants to be told first is sent at once', async () => {
      world.timing.turn();
      world.set(ann, 'three');
      const eve = await world.join('eve');
      await world.follow(eve, 'ann');
      while (eve.sink.heard.length < 2) {
        world.set(ann, 'four');
        world.timing.turn();
        world.timing.pass(1);
      }
      expect(eve.sink.take()).toEqual(['follows +ann', 'ann: three>four']);
      world.timing.pass(1000);
      expect(bob.sink.take()).toEqual(['ann: one>two', 'ann: two>three', 'ann: three>four']);
    });

    test('one whose turn has not come yet is told before it gets a snapshot', async () => {
      world.timing.turn();
      const { connection, sink } = bob;
      sink.followsChanged = () => sink.heard.push('snapshot');
      await world.follow(bob, 'ann');
      expect(sink.take()).toEqual(['ann: one>two', 'snapshot']);
      world.timing.pass(1000);
      expect([sink.take(), connection.batch]).toEqual([[], undefined]);
    });

    test('one whose turn has not come yet is told before its follow ends, and not after', () => {
      world.timing.turn();
      world.tracker.following.unfollow(bob.connection, ['ann']);
      expect(bob.sink.take()).toEqual(['ann: one>two', 'follows -ann']);
      world.timing.pass(1000);
      expect(bob.sink.take()).toEqual([]);
    });

    test('one whose turn has not come yet is told what it was to be told before its view changes', () => {
      world.timing.turn();
      world.tracker.block('ann', 'bob', true);
      expect(bob.sink.take()).toEqual(['ann: one>two', 'ann: two>- offline']);
      world.timing.pass(1000);
      expect(bob.sink.take()).toEqual([]);
    });

    test('one that is brought up to date gets that instead', () => {
      world.timing.turn();
      world.tracker.outbox.resync(bob.connection, 'everything');
      world.timing.pass(1000);
      expect(bob.sink.take()).toEqual(['snapshot everything: ann bob']);
    });

    test('one that leaves in between hears nothing', () => {
      world.timing.turn();
      world.tracker.disconnect(bob.connection, 'dropped');
      world.timing.pass(1000);
      expect([bob.sink.take(), told()]).toEqual([[], 200]);
    });

    test('one that causes a flush as it is told: everybody is told once', () => {
      fans[10]!.sink.onDeliver = () => {
        fans[10]!.sink.onDeliver = undefined;
        world.set(ann, 'three');
        world.flush();
      };
      world.timing.turn();
      world.timing.pass(1000);
      expect(fans.map(({ sink }) => sink.take())).toEqual(fans.map(() => ['ann: one>two', 'ann: two>three']));
    });

    test('its user is kept until everybody has been told, and the server is told once', () => {
      const { outbox } = world.tracker;
      const { user } = ann.connection;
      const updates: string[] = [];
      outbox.onUpdate = ({ changes }) => updates.push(changes[0]?.after?.presence.status ?? '-');
      world.set(ann, null);
      world.timing.turn();
      world.tracker.disconnect(ann.connection, 'dropped');
      expect([outbox.has(user), updates]).toEqual([true, []]);
      world.timing.pass(1000);
      expect([outbox.has(user), updates]).toEqual([false, ['-']]);
      expect(bob.sink.take()).toEqual(['ann: one>- offline']);
    });

    test('what is new to the followers is told in one go: its number depends on what they hold', () => {
      world.timing.pass(1000);
      told();
      world.tracker.users.show(ann.connection.user, 'phone', 'x');
      world.timing.turn();
      expect(told()).toBe(200);
    });
  });

  describe('a follower that cannot take its frame', () => {
    test('loses it, and gets a snapshot as soon as it can', () => {
      bob.sink.isReady = false;
      world.set(ann, 'one');
      world.flush();
      expect(bob.connection.delivery).toBe('behind');
      world.set(ann, 'two');
      world.timing.pass(SOON_MS);
      expect(bob.sink.take()).toEqual([]);
      bob.sink.isReady = true;
      world.timing.pass(SOON_MS);
      expect([bob.sink.take(), bob.connection.delivery]).toEqual([['snapshot everything: ann bob'], 'live']);
      world.set(ann, 'three');
      world.flush();
      expect(bob.sink.take()).toEqual(['ann: two>three']);
    });

    test('the others wait for nothing', async () => {
      const eve = await follower('eve');
      bob.sink.isReady = false;
      world.set(ann, 'one');
      world.flush();
      expect(eve.sink.take()).toEqual(['ann: ->one online']);
    });

    test('so does one whose reply is on its way', () => {
      bob.connection.replying = true;
      world.set(ann, 'one');
      world.flush();
      expect([bob.sink.take(), bob.connection.delivery]).toEqual([[], 'behind']);
      bob.connection.replying = false;
      world.timing.pass(SOON_MS);
      expect(bob.sink.take()).toEqual(['snapshot everything: ann bob']);
    });

    test('what waits when the snapshot is due is told to the others, and is in the snapshot', async () => {
      const eve = await follower('eve');
      world.tracker.outbox.owe(bob.connection);
      world.timing.ms += SOON_MS - 1;
      world.set(ann, 'late');
      world.timing.pass(1);
      expect(eve.sink.take()).toEqual(['ann: ->late online']);
      world.timing.pass(SOON_MS);
      expect(bob.sink.take()).toEqual(['snapshot everything: ann bob']);
    });

    test('one that has gone meanwhile gets nothing', () => {
      world.tracker.outbox.owe(bob.connection);
      world.tracker.disconnect(bob.connection, 'dropped');
      world.timing.pass(SOON_MS);
      expect(bob.sink.take()).toEqual([]);
      expect(world.tracker.outbox.stats.resyncs).toBe(0);
    });
  });

  describe('a snapshot', () => {
    test('what waits is told to the others first: no delta repeats what the snapshot says', async () => {
      const eve = await world.join('eve');
      world.set(ann, 'one');
      await world.follow(eve, 'ann');
      expect(bob.sink.take()).toEqual(['ann: ->one online']);
      world.timing.turn();
      expect(eve.sink.take()).toEqual(['follows +ann']);
    });

    test('of somebody of whom nothing waits, no flush is made for it', async () => {
      const eve = await world.join('eve');
      world.set(ann, 'one');
      await world.follow(eve, 'somebody else');
      expect(bob.sink.take()).toEqual([]);
    });

    test('counts as told to a viewer with a view of its own', async () => {
      const eve = await world.join('eve', { redact: (_, presence) => presence });
      world.set(ann, 'one');
      await world.follow(eve, 'ann');
      expect(world.shownTo(eve, 'ann')).toEqual(['one']);
      world.set(ann, 'two');
      world.flush();
      expect(eve.sink.take()).toEqual(['follows +ann', 'ann: one>two']);
    });

    test('one that is live gets it with what waits, and no delta of it after that', () => {
      world.set(ann, 'one');
      world.tracker.outbox.resync(bob.connection, 'messages');
      world.timing.turn();
      expect(bob.sink.take()).toEqual(['snapshot messages: ann bob']);
      expect(bob.connection.delivery).toBe('live');
    });
  });

  describe('a view of its own', () => {
    test('begins with what the viewer was told so far', () => {
      world.set(ann, 'one');
      world.flush();
      world.set(ann, 'two');
      const view = world.tracker.outbox.viewOf(bob.connection);
      expect(bob.sink.take()).toEqual(['ann: ->one online', 'ann: one>two']);
      expect(world.shownTo(bob, 'ann')).toEqual(['two']);
      expect(world.tracker.outbox.viewOf(bob.connection)).toBe(view);
    });

    test('refresh tells only what is seen otherwise now', async () => {
      let answer = 'busy';
      const eve = await follower('eve', { redact: (_, presence) => ({ ...presence, status: answer }) });
      world.set(ann, 'one');
      world.flush();
      const { outbox } = world.tracker;
      const { user } = ann.connection;
      outbox.refresh(eve.connection, user, true);
      answer = 'free';
      outbox.refresh(eve.connection, user);
      expect(eve.sink.take()).toEqual(['ann: ->busy online']);
      outbox.refresh(eve.connection, user, true);
      expect(eve.sink.take()).toEqual(['ann: busy>free']);
      outbox.refresh(bob.connection, user, true);
      expect(bob.sink.take()).toEqual(['ann: ->one online']);
    });

    test('refresh leaves alone who is not live: its snapshot will say it', async () => {
      const eve = await follower('eve', { redact: () => null });
      world.tracker.outbox.owe(eve.connection);
      world.tracker.outbox.refresh(eve.connection, ann.connection.user, true);
      expect(eve.sink.take()).toEqual([]);
    });

    test('refresh puts who cannot take it behind', async () => {
      let isHidden = true;
      const eve = await follower('eve', { redact: (_, presence) => (isHidden ? null : presence) });
      world.set(ann, 'one');
      world.flush();
      [isHidden, eve.sink.isReady] = [false, false];
      world.tracker.outbox.refresh(eve.connection, ann.connection.user, true);
      expect(eve.connection.delivery).toBe('behind');
    });
  });

  describe('inside a flush', () => {
    test('a follower that ends another one: that one hears nothing more, nobody else misses anything', async () => {
      const [eve, max] = [await follower('eve'), await follower('max')];
      bob.sink.onDeliver = () => {
        world.tracker.disconnect(eve.connection, 'dropped');
      };
      world.set(ann, 'one');
      world.flush();
      expect([bob, eve, max].map(({ sink }) => sink.take())).toEqual([
        ['ann: ->one online'],
        [],
        ['ann: ->one online'],
      ]);
      expect([bob, eve, max].map(({ connection }) => connection.batch)).toEqual([undefined, undefined, undefined]);
    });

    test('a follower that ends itself, and a change made there, which is told with the next', async () => {
      const eve = await follower('eve');
      bob.sink.onDeliver = () => {
        world.tracker.disconnect(bob.connection, 'dropped');
        world.set(ann, 'two');
      };
      world.set(ann, 'one');
      world.flush();
      expect(eve.sink.take()).toEqual(['ann: ->one online']);
      world.timing.turn();
      expect(eve.sink.take()).toEqual(['ann: one>two']);
      expect(bob.sink.take()).toEqual(['ann: ->one online']);
    });

    test('the server hears of each update once, after the followers; each user is reported as done', () => {
      const order: string[] = [];
      const { outbox } = world.tracker;
      const { onFlushed } = outbox;
      bob.sink.onDeliver = () => order.push('follower');
      outbox.onUpdate = ({ user, changes }) =>
        order.push(`update ${user.userId} ${changes.map(({ local }) => local).join()}`);
      outbox.onFlushed = (user) => {
        order.push(`done ${user.userId}`);
        onFlushed?.(user);
      };
      world.set(ann, 'one');
      world.flush();
      expect(order).toEqual(['follower', 'update ann true', 'done ann']);
    });
  });
});
