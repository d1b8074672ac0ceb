/** Ids that share a number in one viewer's state; a fake hash makes them share it. */
import { describe, expect, test } from 'vitest';
import { expectNoDecoderComplaints } from '../support/decoder-complaints.ts';
import { keyedHash } from '../../src/wire/keyed-hash.ts';
import { WireWorld } from '../support/wire-world.ts';
import type { PresenceOptions } from '../../src/options.ts';
import type { KeyedHash } from '../../src/core/refs.ts';

/** Ids that differ only in a digit share a number; an alias is another number. */
const fixed = keyedHash(Buffer.alloc(16));
const sharing: KeyedHash = (text) => fixed(text.startsWith('alias') ? text : text.replace(/\d$/, ''));

expectNoDecoderComplaints();

describe('two users that share a number', () => {
  test('the second one in a state gets an alias, keeps it in a full state, and loses it when it leaves', async () => {
    const world = new WireWorld(sharing);
    const [bob1, bob2, ann] = [await world.join('bob1'), await world.join('bob2'), await world.join('ann')];
    world.set(bob1, 'one');
    world.set(bob2, 'two');
    world.flush();
    await world.follow(ann, 'bob1', 'bob2');
    const statuses = (): unknown =>
      Object.values(ann.json.users).map(({ userId, connections }) => [
        userId,
        ...Object.values(connections).map(({ status }) => status),
      ]);
    expect(statuses()).toEqual([
      ['bob1', 'one'],
      ['bob2', 'two'],
    ]);
    expect(ann.userNumber('bob1')).toBe(world.refs.ofUser('bob1'));
    const alias = ann.userNumber('bob2');
    expect(alias).not.toBe(world.refs.ofUser('bob2'));

    world.set(bob2, 'two again');
    world.set(bob1, null);
    world.flush();
    expect(statuses()).toEqual([['bob1'], ['bob2', 'two again']]);
    world.resync(ann);
    expect(ann.userNumber('bob2')).toBe(alias);
    // The first goes: the second keeps what it has.
    world.tracker.following.unfollow(ann.connection, ['bob1']);
    world.resync(ann);
    expect(ann.userNumber('bob2')).toBe(alias);
    world.tracker.following.unfollow(ann.connection, ['bob2']);
    expect(statuses()).toEqual([]);
    await world.follow(ann, 'bob2');
    expect(ann.userNumber('bob2')).toBe(world.refs.ofUser('bob2'));
  });

  test('one that replaces the other in the same frame is not confused with it', async () => {
    const world = new WireWorld(sharing);
    const ann = await world.join('ann', undefined, { maxFollows: 1, evict: 'oldest' });
    await world.follow(ann, 'bob1');
    const before = ann.reader.read(ann.frames).users.get('bob1');
    await world.follow(ann, 'bob2');
    expect(Object.keys(ann.json.users)).toEqual(['bob2']);
    expect(ann.reader.read(ann.frames).users.get('bob2')).not.toBe(before);
    expect(before?.userId).toBe('bob1');
  });
});

/** A viewer with a hook takes another way through the view, to the same bytes. */
const HOOKS: Array<[string, PresenceOptions]> = [
  ['without hooks', {}],
  ['with redact', { redact: (_, presence) => presence }],
];

describe.each(HOOKS)('two connections that share a number, seen by a viewer %s', (_, options) => {
  test('the second one in a state gets an alias there; viewers that do not see both get unchanged bytes', async () => {
    const world = new WireWorld(sharing);
    const [bob, cat] = [await world.join('bob', 'same1'), await world.join('cat', 'same2')];
    const [both, one, other] = [
      await world.join('ann', undefined, options),
      await world.join('dan'),
      await world.join('eve'),
    ];
    await world.follow(both, 'bob', 'cat');
    await world.follow(one, 'cat');
    await world.follow(other, 'cat');
    world.set(bob, 'bob is here');
    world.flush();
    world.set(cat, 'cat is here');
    world.flush();
    const plain = world.refs.ofConnection('same1');
    expect(world.refs.ofConnection('same2')).toBe(plain);
    expect(both.connectionNumber('bob', 'same1')).toBe(plain);
    const alias = both.connectionNumber('cat', 'same2');
    expect(alias).not.toBe(plain);
    expect(one.connectionNumber('cat', 'same2')).toBe(plain);
    expect(one.handed.at(-1)).toBe(other.handed.at(-1));
    expect(both.handed.at(-1)).not.toBe(one.handed.at(-1));

    world.set(cat, 'changed');
    world.flush();
    world.resync(both);
    expect(both.connectionNumber('cat', 'same2')).toBe(alias);
    expect(both.json.users['cat']?.connections).toMatchObject({ same2: { status: 'changed' } });
    expect(both.json.users['bob']?.connections).toMatchObject({ same1: { status: 'bob is here' } });

    // With nothing left to tell apart, its frames are shared again.
    world.set(cat, null);
    world.flush();
    expect(both.json.users['cat']?.connections).toEqual({});
    world.set(bob, null);
    world.flush();
    world.set(cat, 'back', 'same2');
    world.flush();
    expect(Buffer.compare(both.handed.at(-1)!, one.handed.at(-1)!)).toBe(0);
    expect(both.connectionNumber('cat', 'same2')).toBe(plain);
  });

  test('one appears in the flush in which the other disappears, and both appear in one flush', async () => {
    const world = new WireWorld(sharing);
    const [bob, cat] = [await world.join('bob', 'same1'), await world.join('cat', 'same2')];
    const ann = await world.join('ann', undefined, options);
    await world.follow(ann, 'bob', 'cat');
    world.set(bob, 'b');
    world.flush();
    const held = ann.reader.read(ann.frames).users.get('bob')!.connections.get('same1')!;
    world.set(cat, 'c');
    world.set(bob, null);
    world.flush();
    expect(ann.reader.read(ann.frames).users.get('cat')!.connections.get('same2')).not.toBe(held);
    expect(ann.json.users['bob']?.connections).toEqual({});
    expect(ann.json.users['cat']?.connections).toMatchObject({ same2: { status: 'c' } });
    world.set(cat, null);
    world.flush();
    world.set(bob, 'b', 'same1');
    world.set(cat, 'c', 'same2');
    world.flush();
    expect(ann.json.users['bob']?.connections).toMatchObject({ same1: { status: 'b' } });
    expect(ann.json.users['cat']?.connections).toMatchObject({ same2: { status: 'c' } });
  });

  test('a follow in the turn in which the holder of the number goes', async () => {
    const world = new WireWorld(sharing);
    const [bob, cat] = [await world.join('bob', 'same1'), await world.join('cat', 'same2')];
    const ann = await world.join('ann', undefined, options);
    await world.follow(ann, 'bob');
    world.set(bob, 'b');
    world.set(cat, 'c');
    world.flush();
    const held = ann.reader.read(ann.frames).users.get('bob')!.connections.get('same1')!;
    world.set(bob, null);
    await world.follow(ann, 'cat');
    expect(ann.reader.read(ann.frames).users.get('cat')!.connections.get('same2')).not.toBe(held);
    world.flush();
    expect(held.status).toBe('b');
    expect(ann.json.users['cat']?.connections).toMatchObject({ same2: { status: 'c' } });
  });
});

test('a connection that the viewer may not see has no effect: the bytes are the same with and without it', async () => {
  const seenBy = async (withHidden: boolean): Promise<string[]> => {
    const world = new WireWorld(sharing);
    const [bob, cat] = [await world.join('bob', 'same1'), await world.join('cat', 'same2')];
    const ann = await world.join('ann', 'viewer', {
      redact: (_, presence) => (presence.userId === 'bob' ? null : presence),
    });
    await world.follow(ann, 'bob', 'cat');
    if (withHidden) {
      world.set(bob, 'hidden');
      world.flush();
    }
    world.set(cat, 'seen');
    world.flush();
    world.resync(ann);
    return ann.frames.map((frame) => frame.toString('hex'));
  };
  expect(await seenBy(true)).toEqual(await seenBy(false));
});

test('whether somebody else has the number of a followed user changes neither a byte nor the order of frames', async () => {
  const seenBy = async (withRival: boolean): Promise<string[]> => {
    const world = new WireWorld(sharing);
    const ann = await world.join('ann', 'viewer', {}, 'both');
    if (withRival) {
      const stranger = await world.join('stranger', 'other');
      await world.join('bob1', 'hidden');
      await world.follow(stranger, 'bob1');
    }
    // A change that waits for its flush, and a follow in the same turn.
    world.set(ann, 'here');
    await world.follow(ann, 'bob2');
    world.flush();
    world.resync(ann);
    return ann.frames.map((frame) => frame.toString('hex'));
  };
  expect(await seenBy(true)).toEqual(await seenBy(false));
});
