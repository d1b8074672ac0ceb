import { beforeEach, describe, expect, test } from 'vitest';
import { FriendStore } from '../../src/client/friend-store.ts';
import type { Delta, FollowReply } from '../../src/protocol.ts';
import { presence } from './fakes.ts';

const quiet = { delta: null, statuses: [], added: [], removed: [], changed: false };
const reply = (...presences: FollowReply['presences']): FollowReply => ({ presences, users: [] });
const delta = (more: Partial<Delta>): Delta => ({ joins: [], leaves: [], ...more });
const ids = (store: FriendStore): string[] => store.list().map(({ userId }) => userId);

let store: FriendStore;
beforeEach(() => {
  store = new FriendStore();
  store.welcome({ protocol: 1, userId: 'me', connectionId: 'me-1', presences: [] });
});

test('a user that is said to be online, and of whom nothing is shown, is not online in the list', () => {
  store.applyFollow(['bob'], { presences: [], users: [{ userId: 'bob', general: 'unlogined' }] });
  store.applyDelta(delta({ users: [{ userId: 'bob', general: 'online' }] }));
  expect(store.list()).toMatchObject([{ userId: 'bob', online: false, general: 'unlogined' }]);
});

test('a user of whom the server cannot tell is unknown in the list until it can', () => {
  store.applyFollow(['bob'], { presences: [], users: [{ userId: 'bob', general: 'unknown' }] });
  expect(store.list()).toMatchObject([{ userId: 'bob', online: false, general: 'unknown' }]);
  const known = store.applyDelta(delta({ users: [{ userId: 'bob', general: 'offline' }] }));
  expect(known).toMatchObject({ statuses: [{ userId: 'bob', general: 'offline' }] });
  expect(store.list()).toMatchObject([{ userId: 'bob', online: false, general: 'offline' }]);
});

describe('a welcome', () => {
  const welcome = { protocol: 1, userId: 'me', connectionId: 'me-1' };

  test('shows the own user at once, and nobody "comes" by it', () => {
    const fresh = new FriendStore();
    expect(fresh.me).toBeUndefined();
    expect(fresh.welcome({ ...welcome, username: 'Me', presences: [presence('me', 'here')] })).toEqual({
      ...quiet,
      changed: true,
    });
    expect(fresh.me).toMatchObject({ userId: 'me', username: 'Me', online: true, customStatus: 'here' });
  });

  test('that says the same changes nothing; another name does', () => {
    const before = store.me;
    expect(store.welcome({ ...welcome, presences: [] })).toEqual(quiet);
    expect(store.me).toBe(before);
    expect(store.welcome({ ...welcome, username: 'Me', presences: [] })).toEqual({ ...quiet, changed: true });
    expect(store.me?.username).toBe('Me');
    expect(store.welcome({ ...welcome, presences: [] })).toEqual(quiet);
    expect(store.me?.username).toBe('Me');
  });

  test('tells how the own user has changed meanwhile', () => {
    expect(store.welcome({ ...welcome, presences: [presence('me', 'here')] })).toMatchObject({
      delta: { joins: [presence('me', 'here')], leaves: [], users: [{ userId: 'me', general: 'online' }] },
      statuses: [{ userId: 'me', general: 'online', customStatus: 'here', me: true }],
    });
  });
});

describe('following', () => {
  test('lists users in the order of following, online or not, and nobody "comes" by it', () => {
    const step = store.applyFollow(['zoe', 'bob'], {
      presences: [presence('bob', 'hi')],
      users: [{ userId: 'zoe', general: 'unlogined' }],
    });
    expect(step).toEqual({ ...quiet, added: ['zoe', 'bob'], changed: true });
    expect(store.list()).toMatchObject([
      { userId: 'zoe', general: 'unlogined', online: false },
      { userId: 'bob', general: 'online', customStatus: 'hi' },
    ]);
  });

  test('changes nothing when repeated', () => {
    store.applyFollow(['bob'], reply(presence('bob', 'hi')));
    const before = store.list();
    expect(store.applyFollow(['bob'], reply(presence('bob', 'hi')))).toEqual(quiet);
    expect(store.list()).toBe(before);
  });

  test('tells what was missed when repeated', () => {
    store.applyFollow(['bob'], reply(presence('bob', 'old')));
    expect(store.applyFollow(['bob'], reply(presence('bob', 'new')))).toMatchObject({
      delta: { leaves: [presence('bob', 'old')], joins: [presence('bob', 'new')] },
      statuses: [{ userId: 'bob', general: 'online', customStatus: 'new', me: false }],
    });
  });

  test('tells how a user without connections has gone since', () => {
    const gone = (general: 'offline' | 'unlogined') =>
      store.applyFollow(['bob'], { presences: [], users: [{ userId: 'bob', general }] });
    gone('offline');
    expect(gone('offline')).toEqual(quiet);
    expect(gone('unlogined')).toMatchObject({
      delta: { joins: [], leaves: [], users: [{ userId: 'bob', general: 'unlogined' }] },
      statuses: [{ userId: 'bob', general: 'unlogined', customStatus: '', me: false }],
    });
  });

  test('drops whom the server evicted', () => {
    store.applyFollow(['ann', 'bob'], reply());
    expect(store.applyFollow(['cat'], { ...reply(), evicted: ['ann', 'nobody'] })).toMatchObject({
      added: ['cat'],
      removed: ['ann'],
    });
    expect(ids(store)).toEqual(['bob', 'cat']);
  });

  test('is answered by what is newer than every delta before it', () => {
    store.applyFollow(['bob'], reply(presence('bob', 'old')));
    store.applyDelta(delta({ leaves: [presence('bob', 'old')], joins: [presence('bob', 'older')] }));
    store.applyFollow(['bob'], reply(presence('bob', 'newer')));
    expect(store.list()).toMatchObject([{ userId: 'bob', customStatus: 'newer' }]);
    store.applyDelta(delta({ leaves: [presence('bob', 'newer')], joins: [presence('bob', 'newest')] }));
    expect(store.list()).toMatchObject([{ userId: 'bob', customStatus: 'newest' }]);
  });

  test('survives ids that are names of object members', () => {
    store.applyFollow(['constructor', 'toString'], reply(presence('constructor', 'hi')));
    expect(store.list()).toMatchObject([
      { userId: 'constructor', customStatus: 'hi' },
      { userId: 'toString', online: false },
    ]);
  });
});

describe('deltas', () => {
  beforeEach(() => {
    store.applyFollow(['bob', 'cat'], reply(presence('bob', 'hi'), presence('cat')));
  });

  test('replace the object of whom they concern, and no other', () => {
    const [bob, cat] = store.list();
    store.applyDelta(delta({ leaves: [presence('bob', 'hi')], joins: [presence('bob', 'ho')] }));
    const after = store.list();
    expect(after[0]).not.toBe(bob);
    expect(after[0]).toMatchObject({ customStatus: 'ho' });
    expect(after[1]).toBe(cat);
  });

  test('are passed on as they came', () => {
    const change = delta({ leaves: [presence('bob', 'hi')], users: [{ userId: 'bob', general: 'unlogined' }] });
    expect(store.applyDelta(change)).toEqual({
      delta: change,
      statuses: [{ userId: 'bob', general: 'unlogined', customStatus: '', me: false }],
      added: [],
      removed: [],
      changed: true,
    });
    expect(store.list()[0]).toMatchObject({ general: 'unlogined', online: false });
  });

  test('about users that are not followed end here', () => {
    const before = store.list();
    expect(
      store.applyDelta(delta({ joins: [presence('stranger')], users: [{ userId: 'stranger', general: 'online' }] })),
    ).toEqual(quiet);
    expect(store.list()).toBe(before);
  });

  test('of a second device leave the user online until the last one is gone', () => {
    const phone = presence('bob', 'on the phone', { connectionId: 'bob-2' });
    expect(store.applyDelta(delta({ joins: [phone] })).statuses).toMatchObject([{ customStatus: 'on the phone' }]);
    expect(store.applyDelta(delta({ leaves: [phone] })).statuses).toMatchObject([
      { general: 'online', customStatus: 'hi' },
    ]);
    store.applyDelta(delta({ leaves: [presence('bob', 'hi')] }));
    expect(store.list()[0]).toMatchObject({ general: 'offline' });
  });

  test('of an older device change the custom status, for it is the newest then', () => {
    store.applyDelta(delta({ joins: [presence('bob', 'phone', { connectionId: 'bob-2' })] }));
    store.applyDelta(delta({ leaves: [presence('bob', 'hi')], joins: [presence('bob', 'back')] }));
    expect(store.list()[0]).toMatchObject({ customStatus: 'back' });
  });

  test('that join a connection without leaving it before make it the newest all the same', () => {
    store.applyDelta(delta({ joins: [presence('bob', 'phone', { connectionId: 'bob-2' })] }));
    store.applyDelta(delta({ joins: [presence('bob', 'back')] }));
    expect(store.list()[0]).toMatchObject({
      customStatus: 'back',
      connections: [{ connectionId: 'bob-2' }, { connectionId: 'bob-1' }],
    });
  });

  test('that end the last connection without saying how mean offline, whatever was before', () => {
    store.applyFollow(['dan'], { presences: [], users: [{ userId: 'dan', general: 'unlogined' }] });
    store.applyDelta(delta({ joins: [presence('dan')] }));
    store.applyDelta(delta({ leaves: [presence('dan')] }));
    expect(store.list()[2]).toMatchObject({ userId: 'dan', general: 'offline' });
  });

  test('that no user-level status shows are no change of a user', () => {
    const silent = presence('bob', 'hi', { connectionId: 'bob-2' });
    expect(store.applyDelta(delta({ joins: [silent] }))).toMatchObject({ statuses: [], delta: { joins: [silent] } });
  });

  test('of the own user go to `me`, and leave the list alone', () => {
    const before = store.list();
    const step = store.applyDelta(delta({ joins: [presence('me', 'here')] }));
    expect(step).toMatchObject({
      statuses: [{ userId: 'me', general: 'online', customStatus: 'here', me: true }],
      changed: true,
    });
    expect(store.me).toMatchObject({ online: true, customStatus: 'here' });
    expect(store.list()).toBe(before);
  });

  test('keep the name of who went offline', () => {
    store.applyDelta(delta({ joins: [presence('bob', 'hi', { username: 'Bob' })] }));
    store.applyDelta(delta({ leaves: [presence('bob', 'hi')] }));
    expect(store.list()[0]).toMatchObject({ username: 'Bob', online: false });
  });
});

describe('snapshots', () => {
  beforeEach(() => {
    store.applyFollow(['ann', 'bob', 'cat'], reply(presence('ann'), presence('bob', 'hi')));
  });

  test('after a reconnection become joins and leaves', () => {
    store.markStale();
    const step = store.applySnapshot({
      userIds: ['ann', 'bob', 'cat', 'me'],
      presences: [presence('bob', 'ho'), presence('cat')],
      users: [
        { userId: 'ann', general: 'unlogined' },
        { userId: 'me', general: 'offline' },
      ],
      complete: true,
    });
    expect(step.delta).toEqual({
      leaves: [presence('ann'), presence('bob', 'hi')],
      joins: [presence('bob', 'ho'), presence('cat')],
      users: [
        { userId: 'ann', general: 'unlogined' },
        { userId: 'cat', general: 'online' },
      ],
    });
    expect(step.statuses.map(({ userId, general }) => `${userId} ${general}`)).toEqual([
      'ann unlogined',
      'bob online',
      'cat online',
    ]);
    expect(store.list().map(({ stale }) => stale)).toEqual([false, false, false]);
  });

  test('that say what is known say nothing', () => {
    store.markStale();
    const step = store.applySnapshot({
      userIds: ['ann', 'bob', 'cat'],
      presences: [presence('ann'), presence('bob', 'hi')],
      users: [],
      complete: true,
    });
    expect(step).toEqual({ ...quiet, changed: true });
    const again = store.applySnapshot({ userIds: ['ann'], presences: [presence('ann')], users: [] });
    expect(again).toEqual(quiet);
  });

  test('that are complete drop everybody else', () => {
    expect(
      store.applySnapshot({ userIds: ['bob'], presences: [presence('bob', 'hi')], users: [], complete: true }),
    ).toMatchObject({ removed: ['ann', 'cat'], delta: null });
    expect(ids(store)).toEqual(['bob']);
  });

  test('that are not complete add the follows the server made', () => {
    expect(store.applySnapshot({ userIds: ['dan'], presences: [presence('dan')], users: [] })).toEqual({
      ...quiet,
      added: ['dan'],
      changed: true,
    });
    expect(ids(store)).toEqual(['ann', 'bob', 'cat', 'dan']);
  });

  test('bring the own user up to date', () => {
    const step = store.applySnapshot({ userIds: ['me'], presences: [presence('me', 'x')], users: [] });
    expect(step).toMatchObject({ delta: { joins: [presence('me', 'x')] }, statuses: [{ me: true }] });
    expect(ids(store)).not.toContain('me');
  });
});

describe('a lost connection', () => {
  beforeEach(() => {
    store.applyFollow(['ann'], reply(presence('ann')));
    store.applySnapshot({ userIds: ['sid'], presences: [presence('sid')], users: [] });
  });

  test('keeps the list and marks it', () => {
    expect(store.markStale()).toEqual({ ...quiet, changed: true });
    expect(store.list()).toMatchObject([
      { userId: 'ann', online: true, stale: true },
      { userId: 'sid', stale: true },
    ]);
    expect(store.me?.stale).toBe(true);
    expect(store.markStale()).toEqual(quiet);
  });

  test('loses the follows of the seat: the own ones are to be made again, the others the server makes', () => {
    expect(store.unconfirmed('client')).toEqual([]);
    store.lose();
    expect(store.unconfirmed('client')).toEqual(['ann']);
    expect(store.unconfirmed('server')).toEqual(['sid']);
    store.applySnapshot({ userIds: ['sid'], presences: [], users: [] });
    store.applyFollow(['ann'], reply());
    expect([...store.unconfirmed('client'), ...store.unconfirmed('server')]).toEqual([]);
  });

  test('still follows again what a complete snapshot of the new seat does not have yet', () => {
    store.lose();
    expect(store.applySnapshot({ userIds: [], presences: [], users: [], complete: true }).removed).toEqual([]);
    expect(store.unconfirmed('client')).toEqual(['ann']);
  });

  test('still follows again whom the server follows as well', () => {
    store.lose();
    store.applySnapshot({ userIds: ['ann'], presences: [], users: [] });
    expect(store.unconfirmed('client')).toEqual(['ann']);
  });

  test("counts a follow as the client's own once the client has asked for it", () => {
    store.applyFollow(['sid'], reply(presence('sid')));
    store.lose();
    expect(store.unconfirmed('client')).toEqual(['ann', 'sid']);
  });

  test('is over for who is heard of again', () => {
    store.markStale();
    store.applyDelta(delta({ leaves: [presence('ann')] }));
    expect(store.list()).toMatchObject([
      { userId: 'ann', stale: false, online: false },
      { userId: 'sid', stale: true },
    ]);
  });

  test('compares the own user by the next welcome', () => {
    store.applyDelta(delta({ joins: [presence('me', 'a')] }));
    expect(
      store.welcome({ protocol: 1, userId: 'me', connectionId: 'me-1', presences: [presence('me', 'a')] }).delta,
    ).toBeNull();
    expect(store.welcome({ protocol: 1, userId: 'me', connectionId: 'me-1', presences: [] }).delta).toMatchObject({
      leaves: [presence('me', 'a')],
    });
  });
});

describe('removing', () => {
  test('is no departure', () => {
    store.applyFollow(['ann', 'bob'], reply(presence('ann'), presence('bob')));
    expect(store.remove(['ann', 'nobody'])).toEqual({ ...quiet, removed: ['ann'], changed: true });
    expect(store.remove()).toEqual({ ...quiet, removed: ['bob'], changed: true });
    expect(store.list()).toEqual([]);
  });
});
