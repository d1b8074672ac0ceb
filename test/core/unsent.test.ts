import { beforeEach, describe, expect, test } from 'vitest';
import { makeUpdate, Unsent } from '../../src/core/unsent.ts';
import { CoreWorld, type Player } from './support/core-world.ts';
import type { Update, User } from '../../src/core/model.ts';

describe('what is unsent', () => {
  let world: CoreWorld;
  let ann: Player;
  let user: User;
  let id: string;
  let unsent: Unsent;

  /** Changes Ann's only connection, which others are not told of here. */
  function set(status: string | null): void {
    unsent.touch(user, id, ann.connection.user.ref);
    world.set(ann, status);
  }

  function take(): Array<Update | null> {
    return [...unsent.take()].map(([who, before]) => makeUpdate(who, before));
  }

  beforeEach(async () => {
    world = new CoreWorld();
    ann = await world.join('ann');
    world.set(ann, 'one');
    user = ann.connection.user;
    id = ann.connection.connectionId;
    unsent = new Unsent();
  });

  test('is the difference from the value before the first change to the present one', () => {
    set('two');
    set('three');
    expect(unsent.changes).toBe(2);
    expect([unsent.has(user), unsent.waits(user, id), unsent.waits(user, 'other')]).toEqual([true, true, false]);
    const [update] = take();
    expect(update?.changes.map(({ before, after }) => [before?.presence.status, after?.presence.status])).toEqual([
      ['one', 'three'],
    ]);
    expect(update).toMatchObject({ general: undefined, username: undefined });
  });

  test('is nothing when the changes cancelled each other out', () => {
    set('two');
    set('one');
    expect(take()).toEqual([null]);
  });

  test('says of a connection that went how the user is now', () => {
    set(null);
    const [update] = take();
    expect(update?.changes[0]).toMatchObject({ after: null });
    expect(update?.general).toBe('offline');
  });

  test('is empty once it was taken; changes go on being counted', () => {
    set('two');
    take();
    expect(unsent.empty).toBe(true);
    expect([unsent.has(user), unsent.changes]).toEqual([false, 1]);
  });

  test('drops the bytes of the user', () => {
    user.stateBytes = new Uint8Array(1);
    unsent.touchUser(user);
    expect(user.stateBytes).toBeUndefined();
  });
});
