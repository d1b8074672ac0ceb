/** Joins the match of a friend. */
import type { Room } from '@colyseus/sdk';
import { describe, expect, test, vi } from 'vitest';
import { refusal } from './fakes.ts';
import { code, join, sent, server, settle, useScriptedServer } from './scripted.ts';

useScriptedServer();

describe('joinFriend', () => {
  test('takes the seat the server reserved', async () => {
    const friends = await join();
    const match = await friends.joinFriend('bob', { connectionId: 'bob-1', options: { team: 'red' } });
    expect(match.roomId).toBe('r');
    expect(sent('presence:join')).toEqual([{ userId: 'bob', connectionId: 'bob-1', options: { team: 'red' } }]);
  });

  test('passes on why not', async () => {
    const friends = await join();
    server.onRequest = () => refusal('match_full');
    expect(await code(friends.joinFriend('bob'))).toBe('match_full');
    server.onRequest = () => ({ name: 'match' });
    expect(await code(friends.joinFriend('bob'))).toBe('internal');
    expect(await code(friends.joinFriend(''))).toBe('invalid_payload');
  });

  test.each([
    [524, 'match_gone'],
    [525, 'match_denied'],
    [526, 'match_denied'],
    [4002, 'match_denied'],
    [1006, 'unavailable'],
    [undefined, 'unavailable'],
  ])('says why the seat could not be taken: code %s', async (number, expected) => {
    const friends = await join();
    const cause = Object.assign(new Error('nope'), { code: number });
    server.onSeat = () => Promise.reject(cause);
    const error: unknown = await friends.joinFriend('bob').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'PresenceError', code: expected, cause });
  });

  test('is not repeated when the connection is lost: a seat may be taken already', async () => {
    const friends = await join();
    server.onRequest = () => new Promise(() => undefined);
    const failed = code(friends.joinFriend('bob'));
    await settle();
    server.room.drop();
    expect(await failed).toBe('unavailable');
  });

  test('the same call while it is under way is the same join; afterwards it is a new one', async () => {
    const friends = await join();
    const rooms = await Promise.all([friends.joinFriend('bob'), friends.joinFriend('bob'), friends.joinFriend('cat')]);
    expect(rooms[1]).toBe(rooms[0]);
    expect(sent('presence:join')).toEqual([{ userId: 'bob' }, { userId: 'cat' }]);
    await friends.joinFriend('bob');
    expect(sent('presence:join')).toHaveLength(3);
  });

  test('a match that does not let the player in in time is "unavailable", and left when it does', async () => {
    const friends = await join({ timeoutMs: 20 });
    const { promise, resolve } = Promise.withResolvers<Room>();
    server.onSeat = () => promise;
    const failed = code(friends.joinFriend('bob'));
    await vi.advanceTimersByTimeAsync(20);
    expect(await failed).toBe('unavailable');
    let left = false;
    resolve({
      leave: () => {
        left = true;
      },
    } as unknown as Room);
    await settle();
    expect(left).toBe(true);
  });
});
