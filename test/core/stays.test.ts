/** When a player is shown in its match. */
import { beforeEach, describe, expect, test } from 'vitest';
import { CoreWorld, NOTHING, type Player } from './support/core-world.ts';
import type { MatchRecord } from '../../src/core/match.ts';
import type { Stay } from '../../src/core/stays.ts';
import type { Register } from '../../src/core/registers.ts';

const MATCH: MatchRecord = { roomId: 'm', name: 'arena', players: 1, isPrivate: false };

let world: CoreWorld;
let ann: Player;
let stay: Stay;

/** What ann is shown of bob: statuses, and how many players the match has. */
const shown = (): string[] =>
  [...(world.tracker.users.byId.get('bob')?.visible.values() ?? [])].map(({ box: { presence } }) =>
    presence.match?.verified === true ? `match of ${presence.match.players}` : presence.status,
  );
const begin = (match = MATCH): Stay => world.tracker.stays.begin({ userId: 'bob', username: 'Bob' }, match)!;

beforeEach(async () => {
  world = new CoreWorld();
  ann = await world.join('ann');
  await world.follow(ann, 'bob');
});

describe('on one process', () => {
  let bob: Player;
  beforeEach(async () => {
    bob = await world.join('bob');
    stay = begin();
  });

  test('it is shown while its user is visible, and when all its connections have ended', () => {
    expect(shown()).toEqual([]);
    world.set(bob, 'hi');
    expect(shown()).toEqual(['hi', 'match of 1']);
    world.tracker.disconnect(bob.connection, 'dropped');
    expect(shown()).toEqual(['match of 1']);
    stay.end('unlogined');
    stay.end('offline');
    expect(shown()).toEqual([]);
    expect(world.tracker.users.byId.get('bob')?.last).toBe('unlogined');
  });

  test('who chooses to be invisible is hidden in it as well, in the same step; shown again, it has another id', () => {
    world.set(bob, 'hi');
    world.flush();
    const idOf = (): string | undefined => [...(world.tracker.users.byId.get('bob')?.visible.keys() ?? [])].at(-1);
    const before = idOf();
    ann.sink.take();
    world.set(bob, null);
    world.flush();
    expect(ann.sink.take()).toEqual(['bob: hi>- >- offline']);
    world.set(bob, 'again');
    expect(shown()).toEqual(['again', 'match of 1']);
    expect(idOf()).not.toBe(before);
  });

  test('one device that hides does not hide the others, but the last one does', async () => {
    const phone = await world.join('bob');
    world.set(bob, 'pc');
    world.set(phone, 'phone');
    world.set(bob, null);
    expect(shown()).toEqual(['match of 1', 'phone']);
    world.tracker.disconnect(phone.connection, 'dropped');
    expect(shown()).toEqual([]);
  });

  test('a change of the room keeps its place and its id; while it is hidden nobody is told', () => {
    stay.update({ ...MATCH, players: 2 });
    world.flush();
    expect(ann.sink.take()).toEqual(['follows +bob']);
    world.set(bob, 'hi');
    world.set(bob, 'later');
    expect(shown()).toEqual(['match of 2', 'later']);
    stay.update({ ...MATCH, players: 3 });
    expect(shown()).toEqual(['match of 3', 'later']);
  });

  test('two matches, and everything let go: nothing is left', () => {
    const other = begin({ ...MATCH, roomId: 'other', players: 5 });
    world.set(bob, 'hi');
    expect(shown()).toEqual(['hi', 'match of 1', 'match of 5']);
    stay.end('offline');
    expect(shown()).toEqual(['hi', 'match of 5']);
    other.end('offline');
    world.tracker.disconnect(bob.connection, 'dropped');
    world.tracker.disconnect(ann.connection, 'dropped');
    world.flush();
    expect(world.leftovers()).toEqual(NOTHING);
  });
});

describe('with the lobby on another process', () => {
  let seq = 0;
  const hears = (register: Partial<Register>): void => {
    world.host.applyRegister('bob', 'B', { seq: ++seq, entries: [], ...register });
  };
  const entry = { connectionId: 'b1', status: 'hi', setAt: 1 };

  test('the same holds: shown while visible there, longer after a drop or a leave, hidden by choice', () => {
    stay = begin();
    expect(shown()).toEqual([]);
    hears({ entries: [entry] });
    expect(shown()).toEqual(['hi', 'match of 1']);
    hears({ last: 'unlogined' });
    expect(shown()).toEqual(['match of 1']);
    hears({ entries: [entry] });
    hears({ last: 'offline', hides: true });
    expect(shown()).toEqual([]);
    hears({ last: 'offline' });
    expect(shown()).toEqual([]);
    hears({ entries: [entry] });
    world.host.dropIncarnation('B');
    expect(shown()).toEqual(['match of 1']);
    stay.end('offline');
  });

  test('who has hidden on one process, and is visible from another later, is seen in the match after a drop there', () => {
    stay = begin();
    hears({ entries: [entry] });
    hears({ last: 'offline', hides: true });
    expect(shown()).toEqual([]);
    const other = (entries: Register['entries']): void => {
      world.host.applyRegister('bob', 'C', { seq: ++seq, entries, ...(entries.length === 0 && { last: 'offline' }) });
    };
    other([{ ...entry, connectionId: 'c1' }]);
    other([]);
    expect(shown()).toEqual(['match of 1']);
    stay.end('offline');
  });

  test('this process says when one of its connections hides; one that leaves says nothing new, which would show in the store', async () => {
    const bob = await world.join('bob');
    expect(world.host.register('bob')).not.toHaveProperty('hides');
    world.set(bob, 'hi');
    expect(world.host.register('bob')).not.toHaveProperty('hides');
    world.set(bob, null);
    expect(world.host.register('bob')).toMatchObject({ entries: [], hides: true });
    world.cluster.announced.length = 0;
    world.tracker.disconnect(bob.connection, 'dropped');
    expect(world.cluster.announced).toEqual([]);
    expect(world.host.register('bob')).not.toHaveProperty('hides');
  });

  test('policy mutual: whom the user follows is asked of the others, and kept while it is only in the match', () => {
    const friends = (): unknown => world.host.register('bob').entries[0]?.friends;
    stay = begin({ ...MATCH, policy: 'mutual' });
    hears({ entries: [entry] });
    expect(friends()).toEqual([]);
    hears({ entries: [entry], follows: ['zoe', 'ann'] });
    expect(friends()).toEqual(['ann', 'zoe']);
    hears({ last: 'offline' });
    expect(friends()).toEqual(['ann', 'zoe']);
    hears({ entries: [entry], follows: ['zoe'] });
    expect(friends()).toEqual(['zoe']);
    stay.end('offline');
  });

  test('policy mutual: this process says whom the user follows from here, once per change', async () => {
    const bob = await world.join('bob');
    await world.follow(bob, 'zoe');
    world.set(bob, 'hi');
    expect(world.host.register('bob')).not.toHaveProperty('follows');
    const match = { ...MATCH, policy: 'mutual' } as const;
    hears({ entries: [{ ...entry, status: '', match, friends: [] }] });
    expect(world.host.register('bob').follows).toEqual(['zoe']);
    world.cluster.announced.length = 0;
    hears({ entries: [{ ...entry, status: '', match: { ...match, players: 2 }, friends: ['zoe'] }] });
    expect(world.cluster.announced).toEqual([]);
    await world.follow(bob, 'ann');
    expect(world.cluster.announced).toEqual(['bob']);
    expect(world.host.register('bob').follows).toEqual(['ann', 'zoe']);
    world.tracker.following.unfollow(bob.connection, undefined);
    expect(world.host.register('bob').follows).toEqual([]);
  });
});
