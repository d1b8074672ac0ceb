/** The end of a room. */
import { describe, expect, test, vi } from 'vitest';
import { Session } from '../../src/client/session.ts';
import { code, join, server, settle, useScriptedServer } from './scripted.ts';

useScriptedServer();

describe('leave()', () => {
  test('is consented, once, and leaves no listener', async () => {
    const friends = await join();
    const states: string[] = [];
    friends.onConnectionChange((state) => states.push(state));
    const { room } = server;
    const leaving = friends.leave();
    expect(friends.connection).toBe('closed');
    expect(room.messageListeners).toBe(0);
    expect(room.onDrop.count() + room.onReconnect.count()).toBe(0);
    await Promise.all([leaving, friends.leave()]);
    await friends.leave();
    expect(room.left).toEqual([true]);
    expect(states).toEqual(['closed']);
  });

  test('fails what waits, and every later call at once', async () => {
    const friends = await join();
    server.room.drop();
    const waiting = code(friends.setStatus('x'));
    await friends.leave();
    expect(await waiting).toBe('not_joined');
    expect(
      await Promise.all([
        code(friends.setStatus('x')),
        code(friends.follow(['bob'])),
        code(friends.unfollowAll()),
        code(friends.getUserStatus(['bob'])),
        code(friends.joinFriend('bob')),
      ]),
    ).toEqual(Array.from({ length: 5 }, () => 'not_joined'));
  });

  test('keeps the SDK from coming back into the seat', async () => {
    const friends = await join();
    const { room } = server;
    room.drop();
    await friends.leave();
    expect(room.reconnection.enabled).toBe(false);
    expect(room.left).toEqual([]);
    room.comeBack();
    await settle();
    expect(room.left).toEqual([true]);
  });

  test('does not wait for a server that does not answer', async () => {
    server.confirmsLeave = false;
    const friends = await join();
    const left = vi.fn();
    void friends.leave().then(left);
    await vi.advanceTimersByTimeAsync(2999);
    expect(left).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(left).toHaveBeenCalled();
    expect(server.room.connection.isOpen).toBe(false);
  });

  test('keeps the list, for who still shows it', async () => {
    const friends = await join();
    await friends.follow(['bob']);
    await friends.leave();
    expect(friends.getSnapshot()).toMatchObject([{ userId: 'bob', stale: true }]);
  });
});

describe('Session', () => {
  const ignore = (): void => undefined;
  const events = {
    welcome: ignore,
    delta: ignore,
    snapshot: ignore,
    unfollowed: ignore,
    friends: ignore,
    invites: ignore,
    party: ignore,
    dropped: ignore,
    back: ignore,
    left: ignore,
  };

  test('stops listening once, and keeps the listeners of the application', async () => {
    const room = await server.client.joinOrCreate('presence');
    const own = vi.fn();
    room.onDrop(own);
    const session = new Session(room, events);
    session.detach();
    session.detach();
    expect(server.room.messageListeners).toBe(0);
    server.room.drop();
    expect(own).toHaveBeenCalledOnce();
  });

  test('fails what is not answered when it stops listening, or is not open', async () => {
    const session = new Session(await server.client.joinOrCreate('presence'), events);
    server.onRequest = () => new Promise(() => undefined);
    const waiting = expect(session.request('presence:status', { status: '' }, 1000, ignore)).rejects.toThrow('lost');
    session.detach();
    await waiting;
    server.room.drop();
    await expect(session.request('presence:status', { status: '' }, 1000, ignore)).rejects.toThrow('not open');
  });

  test('fails with the error of whoever reads the reply', async () => {
    const session = new Session(await server.client.joinOrCreate('presence'), events);
    const read = (): never => {
      throw new Error('unreadable');
    };
    await expect(session.request('presence:status', { status: '' }, 1000, read)).rejects.toThrow('unreadable');
  });
});
