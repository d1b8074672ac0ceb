import { Protocol } from '@colyseus/core';
import { decode, type Iterator } from '@colyseus/schema';
import { unpack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { Batch } from '../../src/core/batch.ts';
import { makeBox, type Box } from '../../src/core/box.ts';
import { Refs } from '../../src/core/refs.ts';
import { makePresence } from '../support/presence.ts';
import { FrameCodec, messageFrame } from '../../src/wire/frames.ts';
import { keyedHash } from '../../src/wire/keyed-hash.ts';
import { userOf } from '../support/model.ts';
import { StateReader } from '../support/state-reader.ts';
import { WireWorld } from '../support/wire-world.ts';
import type { Change, Update } from '../../src/core/model.ts';

function read(frame: Uint8Array): [type: string, payload: unknown] {
  const bytes = Buffer.from(frame);
  expect(bytes[0]).toBe(Protocol.ROOM_DATA);
  const it: Iterator = { offset: 1 };
  return [decode.string(bytes, it), unpack(bytes.subarray(it.offset))];
}

const refs = new Refs(keyedHash());
const bob = userOf('bob', refs.ofUser('bob'), 'Bob');
const boxOf = (status: string, connectionId = 'b1'): Box => makeBox(makePresence('bob', connectionId, status, 'Bob'));
const change = (before: Box | null, after: Box | null): Change => {
  const { connectionId } = (after ?? before)!.presence;
  return { connectionId, ref: refs.ofConnection(connectionId), before, after, stateBytes: undefined };
};
const update = (changes: Change[], general?: Update['general']): Update => ({
  user: bob,
  changes,
  general,
  username: undefined,
  stateBytes: undefined,
});
const batchOf = (...updates: Update[]): Batch<Update> =>
  updates.reduce((batch, one) => batch.with(one), Batch.root<Update>());

describe('the frame of a delta', () => {
  test('says what joined, what left and whose general status changed, in the order it happened', () => {
    const codec = new FrameCodec(refs);
    const [one, two, other] = [boxOf('one'), boxOf('two'), boxOf('', 'b2')];
    const batch = batchOf(update([change(null, one)], 'online'), update([change(one, two), change(null, other)]));
    expect(read(codec.deltaFrame(batch))).toEqual([
      'presence:delta',
      {
        joins: [one.presence, two.presence, other.presence],
        leaves: [one.presence],
        users: [{ userId: 'bob', general: 'online' }],
      },
    ]);
  });

  test.each([0, 1, 15, 16, 300, 70_000])('%d joins', (count) => {
    const codec = new FrameCodec(refs);
    const changes = Array.from({ length: count }, (_, i) => change(null, boxOf(`${i}`, `c${i}`)));
    const frame = codec.deltaFrame(batchOf(update([...changes, change(boxOf('gone', 'g'), null)])));
    const [, payload] = read(frame) as [string, { joins: unknown[]; leaves: unknown[] }];
    expect(payload.joins).toHaveLength(count);
    expect(payload.leaves).toHaveLength(1);
    expect(payload.joins.at(-1)).toEqual(count === 0 ? undefined : boxOf(`${count - 1}`, `c${count - 1}`).presence);
  });

  test('is made once for all that hear the same, and each presence once for all frames', () => {
    const codec = new FrameCodec(refs);
    const box = boxOf('one');
    const batch = batchOf(update([change(null, box)]));
    expect(codec.deltaFrame(batch)).toBe(codec.deltaFrame(batch));
    codec.deltaFrame(batchOf(update([change(box, null)])));
    expect(codec.stats).toMatchObject({ deltaFrames: 2, presences: 1 });
  });

  test('is empty where only a name changed', () => {
    const codec = new FrameCodec(refs);
    const renamed: Update = { ...update([]), username: 'Robert' };
    expect(codec.deltaFrame(batchOf(renamed))).toHaveLength(0);
  });
});

describe('the frames of the state', () => {
  test('the state of nobody and of somebody who wants none is the empty one', async () => {
    const world = new WireWorld();
    const deltas = await world.join('ann', undefined, {}, 'deltas');
    const empty = world.codec.fullStateFrame(undefined);
    expect(world.codec.fullStateFrame(deltas.connection)).toEqual(empty);
    expect(JSON.stringify(new StateReader().read([Buffer.from(empty)]))).toBe('{"users":{}}');
  });

  test('the bytes of a user are made once for all who follow it, until it changes', async () => {
    const world = new WireWorld();
    const star = await world.join('star');
    world.set(star, 'one');
    world.flush();
    const fans = await Promise.all(['a', 'b', 'c'].map((name) => world.join(name)));
    const before = world.codec.stats.statePieces;
    for (const fan of fans) {
      await world.follow(fan, 'star');
    }
    expect(world.codec.stats.statePieces - before).toBe(1);
    world.set(star, 'two');
    world.flush();
    expect(new Set(fans.map(({ handed }) => handed.at(-1))).size).toBe(1);
  });
});

test('a message frame is the protocol byte, the type and the payload', () => {
  expect(read(messageFrame('x:y', { a: [1, 'two', null] }))).toEqual(['x:y', { a: [1, 'two', null] }]);
});
