/** Limits per call, per connection and per time: each answers the call, changes nothing, and spares the others. */
import { afterEach, describe, expect, test } from 'vitest';
import { PresenceClient } from '../../src/client/index.ts';
import type { PresenceError, PresenceOptions } from '../../src/index.ts';
import { FORMS, person, type Person } from '../support/person.ts';
import { rawJoin } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let server: TestServer;
afterEach(async () => {
  await server.stop();
});

async function serve(options: PresenceOptions = {}): Promise<void> {
  server = await startServer(options);
}

const ids = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `u${from + i}`);
const followed = async (one: Person): Promise<string[]> => {
  await one.settle();
  return Object.keys(one.state.users);
};

describe('ids per call', () => {
  test.each(FORMS)('100 are followed and unfollowed, 101 are too many and change nothing, by %s', async (form) => {
    await serve();
    const ann = await person(server, 'ann');
    expect(await ann.refusal('presence:follow', { userIds: ids(101) }, form)).toMatchObject({ code: 'too_many_ids' });
    expect(await followed(ann)).toEqual([]);
    await ann.follow(ids(100), form);
    expect(await ann.refusal('presence:unfollow', { userIds: ids(101) }, form)).toMatchObject({ code: 'too_many_ids' });
    expect(await followed(ann)).toHaveLength(100);
    await ann.unfollow(ids(100), form);
    expect(await followed(ann)).toEqual([]);
  });

  test('an empty list unfollows nobody, no list everybody', async () => {
    await serve();
    const ann = await person(server, 'ann');
    await ann.follow(ids(100));
    await ann.follow(ids(50, 100));
    await ann.unfollow([]);
    expect(await followed(ann)).toHaveLength(150);
    await ann.unfollow(undefined);
    expect(await followed(ann)).toEqual([]);
  });
});

describe('follows per connection', () => {
  test('evict "reject" (the default): the 201st is refused and nothing changes, not even half of a call', async () => {
    await serve();
    const ann = await person(server, 'ann');
    await ann.follow(ids(100));
    await ann.follow(ids(90, 100));
    expect(await ann.refusal('presence:follow', { userIds: ids(11, 190) }, 'request')).toMatchObject({
      code: 'too_many_follows',
    });
    expect(await followed(ann)).toEqual(ids(190));
    await ann.follow(ids(10, 190));
    expect(await ann.refusal('presence:follow', { userIds: ['u200'] }, 'send')).toMatchObject({
      code: 'too_many_follows',
    });
    // Who is followed already takes no further place, nor does oneself.
    await ann.follow(['u0', 'u199', 'ann']);
    expect(await followed(ann)).toEqual(ids(200));
    await ann.unfollow(['u5']);
    await ann.follow(['u200']);
    expect(await followed(ann)).toHaveLength(200);
  });

  test('evict "oldest": the 201st drops the earliest follow, and the reply says which', async () => {
    await serve({ evict: 'oldest' });
    const bob = await person(server, 'u0', 'presence', { status: 'one' });
    const ann = await person(server, 'ann');
    expect(await ann.follow(ids(100))).not.toHaveProperty('evicted');
    await ann.follow(ids(100, 100));
    expect((await ann.follow(['u200'])).evicted).toEqual(['u0']);
    expect((await ann.follow(['u1', 'u201', 'u202'])).evicted).toEqual(['u2', 'u3']);
    expect(new Set(await followed(ann))).toEqual(new Set(['u1', ...ids(199, 4)]));
    ann.clear();
    await bob.setStatus('two');
    await ann.settle();
    expect(ann.deltas).toEqual([]);
    expect(ann.mirror.problems).toEqual([]);
  });

  test('evict "oldest", in the helper: the result says who went, and they are gone from the list', async () => {
    await serve({ evict: 'oldest', maxFollows: 3 });
    const ann = await PresenceClient.join(server.client('ann'), 'presence');
    await ann.follow(['a', 'b', 'c']);
    expect((await ann.follow(['d'])).evicted).toEqual(['a']);
    expect(ann.getSnapshot().map(({ userId }) => userId)).toEqual(['b', 'c', 'd']);
    await ann.leave();
  });

  test('a call that could never fit is refused with either policy', async () => {
    await serve({ evict: 'oldest', maxFollows: 3 });
    const ann = await person(server, 'ann');
    await ann.follow(['a']);
    expect(await ann.refusal('presence:follow', { userIds: ids(4) }, 'request')).toMatchObject({
      code: 'too_many_follows',
    });
    expect(await followed(ann)).toEqual(['a']);
  });
});

describe('calls per time', () => {
  test.each(FORMS)(
    'the 21st call within 5 s is rate_limited, says for how long, and changes nothing, by %s',
    async (form) => {
      await serve();
      const ann = await person(server, 'ann');
      for (let i = 0; i < 20; i++) {
        await ann.follow([`u${i}`], form);
      }
      const { code, retryAfterMs } = await ann.refusal('presence:follow', { userIds: ['late'] }, form);
      expect(code).toBe('rate_limited');
      expect(retryAfterMs).toBeGreaterThan(0);
      expect(retryAfterMs).toBeLessThanOrEqual(5000);
      expect(await followed(ann)).toEqual(ids(20));
    },
  );

  test('a call is accepted after retryAfterMs, and not before', async () => {
    await serve({ rateWindowMs: 400 });
    const ann = await person(server, 'ann');
    for (let i = 0; i < 20; i++) {
      await ann.follow([`u${i}`]);
    }
    const since = performance.now();
    const { retryAfterMs } = await ann.refusal('presence:follow', { userIds: ['late'] }, 'request');
    const accepted = await until(
      async () => {
        try {
          await ann.follow(['late']);
          return performance.now();
        } catch (error) {
          expect((error as PresenceError).code).toBe('rate_limited');
          return null;
        }
      },
      'the call to be accepted',
      retryAfterMs! + 2000,
    );
    // Two clocks, each rounded to a millisecond.
    expect(accepted - since).toBeGreaterThanOrEqual(retryAfterMs! - 2);
    expect(await followed(ann)).toContain('late');
  });

  test('follow, unfollow, query of others and join share one limit; a refused or malformed call takes nothing of it', async () => {
    await serve();
    const ann = await person(server, 'ann');
    for (let i = 0; i < 30; i++) {
      await ann.refusal('presence:follow', { userIds: 7.5 }, 'request');
    }
    for (let i = 0; i < 5; i++) {
      await ann.follow(['bob']);
      await ann.unfollow(['bob']);
      await ann.ask('presence:query', { userIds: ['bob'] });
      expect(await ann.refusal('presence:join', { userId: 'bob' }, 'request')).toMatchObject({ code: 'not_visible' });
    }
    for (const [type, payload] of [
      ['presence:follow', { userIds: ['bob'] }],
      ['presence:unfollow', {}],
      ['presence:query', { userIds: ['bob'] }],
      ['presence:join', { userId: 'bob' }],
    ] as const) {
      expect(await ann.refusal(type, payload, 'request')).toMatchObject({ code: 'rate_limited' });
    }
    await ann.setStatus('own status is not limited');
  });

  test('the limit is per user: another device has no other, and neither has a new connection', async () => {
    await serve({ rateLimit: 1 });
    const pc = await person(server, 'ann');
    const phone = await person(server, 'ann');
    await pc.follow(['bob']);
    expect(await pc.refusal('presence:follow', { userIds: ['cat'] }, 'request')).toMatchObject({
      code: 'rate_limited',
    });
    expect(await phone.refusal('presence:follow', { userIds: ['bob'] }, 'send')).toMatchObject({
      code: 'rate_limited',
    });
    await pc.leave();
    const again = await person(server, 'ann');
    expect(await again.refusal('presence:query', { userIds: ['bob'] }, 'send')).toMatchObject({ code: 'rate_limited' });
    await (await person(server, 'bob')).follow(['cat']);
  });

  test('the ids count too', async () => {
    await serve({ rateLimitIds: 10 });
    const ann = await person(server, 'ann');
    await ann.follow(ids(6));
    expect(await ann.refusal('presence:query', { userIds: ids(5) }, 'request')).toMatchObject({ code: 'rate_limited' });
    await ann.ask('presence:query', { userIds: ids(4) });
    expect(await ann.refusal('presence:follow', { userIds: ['one'] }, 'send')).toMatchObject({ code: 'rate_limited' });
  });

  test('past the hard flood limit the connection is closed with 4002; an honest client beside it notices nothing', async () => {
    await serve({ floodLimit: 50 });
    const ann = await person(server, 'ann', 'presence', { status: '' });
    const flooder = await rawJoin(server, 'flooder', 'presence');
    flooder.burst(Array.from({ length: 100 }, () => ['presence:status', { status: 'x' }] as const));
    expect(await flooder.closed()).toBe(4002);
    await ann.setStatus('still here');
    expect(ann.statusesOf('ann')).toEqual(['still here']);
  });
});
