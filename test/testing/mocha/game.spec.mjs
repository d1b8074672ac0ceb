/** What mocha runs: see ../mocha.test.ts. */
import assert from 'node:assert/strict';
import { defineRoom, defineServer } from '@colyseus/core';
import { PresenceRoom } from '../../../src/index.ts';
import { bootPresence } from '../../../src/testing/index.ts';

class GameRoom extends PresenceRoom {
  static onAuth(token) {
    return Promise.resolve({ userId: token });
  }
}

describe('a game', () => {
  let game;

  before(async () => {
    game = await bootPresence(
      defineServer({ greet: false, gracefullyShutdown: false, rooms: { presence: defineRoom(GameRoom) } }),
    );
  });
  after(() => game.cleanup());

  it('shows a friend, and its end after the grace', async () => {
    const ann = await game.player('ann', { status: 'In lobby' });
    const bob = await game.player('bob', { follows: ['ann'] });
    await game.until(() => bob.sees('ann', 'In lobby'), 'bob to see ann');
    await game.drop(ann);
    assert.equal(bob.sees('ann'), true);
    await game.advance(16_000);
    assert.equal(bob.friend('ann').general, 'offline');
    await game.comeBack(ann);
    await game.until(() => bob.sees('ann', 'In lobby'), 'bob to see ann again');
  });
});
