/** The kit for games, used as a game uses it: `@colyseus/testing` with vitest. */
import { defineRoom, defineServer, type Server } from '@colyseus/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { presence, PresenceError, PresenceRoom, type PresenceOptions } from '../../src/index.ts';
import { bootPresence, type PresenceGame } from '../../src/testing/index.ts';

class GameRoom extends PresenceRoom {
  static override options: PresenceOptions = { graceSeconds: 20, rateLimit: 3, rateWindowMs: 5000 };
  static override onAuth(token: string): Promise<unknown> {
    return Promise.resolve(token === '' ? false : { userId: token.replace('token of ', '') });
  }
}

const gameServer = (): Server =>
  defineServer({ greet: false, gracefullyShutdown: false, rooms: { presence: defineRoom(GameRoom) } });

describe('a game under test', () => {
  let game: PresenceGame;

  beforeEach(async () => {
    game = await bootPresence(gameServer(), { token: (id) => `token of ${id}` });
  });
  afterEach(async () => {
    await game.cleanup();
  });

  test('players are signed in, follow, and see a friend and its status', async () => {
    const ann = await game.player('ann', { status: 'In lobby' });
    const bob = await game.player('bob', { follows: ['ann'] });
    await game.until(() => bob.sees('ann', 'In lobby'), 'bob to see ann');
    await ann.friends.setStatus('Playing');
    await game.until(() => bob.sees('ann', 'Playing'), 'bob to see ann play');
    expect(bob.sees('zoe')).toBe(false);
  });

  test('the server side is readable: its room, its client, and what it says of a user', async () => {
    const ann = await game.player('ann', { status: 'here' });
    await game.player('bob', { follows: ['ann'] });
    expect(game.roomOf(ann)).toBeInstanceOf(GameRoom);
    expect(game.roomOf(ann)?.clients.length).toBe(2);
    expect(game.clientOf(ann)?.auth).toEqual({ userId: 'ann' });
    expect(await presence.inspect('ann')).toMatchObject({
      general: 'online',
      followedBy: ['bob'],
      presences: [{ status: 'here' }],
    });
  });

  test('within the grace nobody notices a drop; the old seat comes back', async () => {
    const ann = await game.player('ann', { status: 'here' });
    const bob = await game.player('bob', { follows: ['ann'] });
    const { sessionId } = ann.room;
    await game.drop(ann);
    expect(game.clientOf(ann)).toBeUndefined();
    await game.advance(14_000);
    expect(bob.sees('ann', 'here')).toBe(true);
    await game.comeBack(ann);
    expect(ann.room.sessionId).toBe(sessionId);
    expect(bob.sees('ann', 'here')).toBe(true);
  });

  test('the grace ends when time has moved so far, not before; then a new seat is taken', async () => {
    const ann = await game.player('ann', { status: 'here' });
    const bob = await game.player('bob', { follows: ['ann'] });
    const { sessionId } = ann.room;
    const started = process.hrtime.bigint();
    await game.drop(ann);
    await game.advance(19_000);
    expect(bob.sees('ann')).toBe(true);
    await game.advance(2000);
    expect(bob.friend('ann')?.general).toBe('offline');
    await game.comeBack(ann);
    await game.until(() => bob.sees('ann', 'here'), 'bob to see ann again');
    expect(ann.room.sessionId).not.toBe(sessionId);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(10_000);
  });

  test('the rate window ends when time has moved so far', async () => {
    const ann = await game.player('ann', { timeoutMs: 1000 });
    const ask = async (): Promise<unknown> =>
      (ann.room as unknown as { request(type: string, payload: unknown): Promise<unknown> })
        .request('presence:follow', { userIds: ['bob'] })
        .then(
          () => 'done',
          (error: { reason?: unknown }) => PresenceError.from(error.reason).code,
        );
    expect([await ask(), await ask(), await ask(), await ask()]).toEqual(['done', 'done', 'done', 'rate_limited']);
    await game.advance(5000);
    expect(await ask()).toBe('done');
  });

  test('a long way keeps the connections, since pings are answered on it; what is remembered for a day is forgotten', async () => {
    const ann = await game.player('ann', { status: 'here' });
    const bob = await game.player('bob', { status: 'here' });
    await game.drop(bob);
    const before = Date.now();
    const phases: string[] = [];
    ann.friends.onConnectionChange((phase) => phases.push(phase));
    await game.advance(23 * 3_600_000);
    expect(await presence.statuses(['bob'])).toMatchObject([{ general: 'offline' }]);
    await game.advance(2 * 3_600_000);
    expect(Date.now() - before).toBeGreaterThanOrEqual(24 * 3_600_000);
    expect(phases).toEqual([]);
    expect(await presence.statuses(['bob'])).toMatchObject([{ general: 'unlogined' }]);
    expect(game.clientOf(ann)).toBeDefined();
  });
});

test('after cleanup the time is the real one, and another game may be booted', async () => {
  const inUse = (): unknown[] => [
    setTimeout,
    setInterval,
    clearTimeout,
    clearInterval,
    Date,
    Object.hasOwn(performance, 'now'),
  ];
  const globals = inUse();
  const first = await bootPresence(gameServer());
  expect(setTimeout).not.toBe(globals[0]);
  await first.player('ann');
  await first.cleanup();
  await first.cleanup();
  expect(inUse()).toEqual(globals);
  const second = await bootPresence(gameServer());
  await second.player('ann');
  await second.cleanup();
});

test('misuse is one sentence', async () => {
  await expect(bootPresence({} as Server)).rejects.toThrow('needs what defineServer() or boot()');
  const game = await bootPresence(gameServer());
  await expect(game.advance(-1)).rejects.toThrow('needs a number of milliseconds');
  await expect(game.until(() => false, 'never', 20)).rejects.toThrow('waiting for never');
  await game.cleanup();
});
