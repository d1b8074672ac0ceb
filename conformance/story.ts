/** The story that every decoder has to read: one step after the other, against a real server. */
import { presence } from '../src/index.ts';
import { ArenaRoom } from './arena.ts';
import { Recorder } from './recorder.ts';
import { MAX_BUFFERED, Stage, VIEWER } from './stage.ts';
import type { Player } from './player.ts';
import { startServer } from '../test/support/server.ts';
import { until } from '../test/support/until.ts';

const IN_MATCH = '{"text":"Capture the flag","matchId":"m-4711"}';
const CROWD = Array.from({ length: 200 }, (_, at) => `player-${at}`);

/** Plays the story; the recording is checked against what was done after each step. */
export async function recordStory(): Promise<Recorder> {
  const server = await startServer(
    { rateLimit: 1000, unverifiedMatches: 'show', maxBufferedBytes: MAX_BUFFERED },
    { arena: ArenaRoom },
  );
  const recorder = new Recorder();
  try {
    await play(new Stage(server, recorder));
  } finally {
    await server.stop();
  }
  return recorder;
}

async function play(stage: Stage): Promise<void> {
  const step = async (name: string, act: () => Promise<unknown>): Promise<void> => {
    await act();
    await stage.settle(name);
  };
  const bob = await stage.enter('bob|Bob', 'here');
  await step('the viewer joins with a status', () => stage.openViewer('hello'));
  await step('follows one online, one never seen', () => stage.follow('bob', 'zoe'));
  await step('a status changes', () => stage.show(bob, 'In the lobby'));
  await step('the same user is in a match', () => stage.show(bob, IN_MATCH));
  await step('another match', () => stage.show(bob, '{"matchId":"m-2"}'));
  await step('no match, online with nothing to say', () => stage.show(bob, ''));
  await inMatch(stage, bob);
  const phone = await stage.enter('bob|Bob', null);
  await step('a second device, invisible', async () => {});
  await step('the second device is shown', () => stage.show(phone, 'on the phone'));
  await step('the first device becomes invisible', () => stage.show(bob, null));
  await step('both are invisible', () => stage.show(phone, null));
  await step('the first device is back, under a new id', () => stage.show(bob, 'back'));
  await step('many letters: two, three and four bytes', () => stage.show(bob, 'é ß — 漢字 — 🎮🚀👩‍👩‍👧‍👦'));
  await step('a status of 2048 bytes', () => stage.show(bob, `${'x'.repeat(2044)}🎮`));
  await step('a status of 255 bytes', () => stage.show(bob, 'y'.repeat(255)));
  await step('a status of 32 bytes', () => stage.show(bob, 'z'.repeat(32)));
  await step('the viewer changes its own status', () => stage.show(stage.viewer, '{"matchId":"mine"}'));
  await step('the viewer appears offline', () => stage.show(stage.viewer, null));
  await step('the viewer is shown again', () => stage.show(stage.viewer, 'hello again'));
  await step('unfollows', () => stage.unfollow('bob'));
  await step('a change that is not heard', () => stage.show(bob, 'unheard'));
  await step('follows again', () => stage.follow('bob'));
  const carol = await stage.enter('carol|Carol', 'hi');
  await step('the server follows for the viewer', async () => {
    await presence.follow({ userId: VIEWER }, ['carol']);
    stage.noteFollows('carol');
  });
  await step('is blocked', async () => {
    await presence.block('carol', VIEWER);
    stage.noteBlock('carol', true);
  });
  await step('a change behind the block', () => stage.show(carol, 'not for you'));
  await step('is unblocked', async () => {
    await presence.unblock('carol', VIEWER);
    stage.noteBlock('carol', false);
  });
  await step('the server unfollows for the viewer', async () => {
    await presence.unfollow({ userId: VIEWER }, ['carol']);
    stage.noteUnfollows('carol');
  });
  await step('a player drops and comes back in time', async () => {
    bob.client.drop();
    await until(() => bob.client.closeCode, 'the drop');
    await bob.client.comeBack();
  });
  await step('the phone leaves, invisible', () => stage.leave(phone));
  await step('a player leaves', () => stage.leave(bob));
  const again = await stage.enter('bob|Bob', 'a new connection');
  await step('and joins again', async () => {});
  await step('the viewer drops; while it is away one leaves, one comes; it returns', async () => {
    await stage.follow('dave', 'carol');
    stage.viewer.client.drop();
    await until(() => stage.viewer.client.closeCode, 'the drop of the viewer');
    await stage.leave(again);
    await stage.show(carol, 'changed meanwhile');
    await stage.enter('dave', 'new here');
    await stage.viewer.client.comeBack();
    stage.noteFullState();
  });
  await step('changes go on after the return', () => stage.show(carol, 'heard again'));
  const dan = await stage.enter('dan|Dan', 'soon gone');
  await step('follows one more', () => stage.follow('dan'));
  await step('the socket of the viewer is full for a while; one leaves, one changes, one is unfollowed', () =>
    stage.withFullSocket(async () => {
      await stage.show(carol, 'lost in between');
      await stage.leave(dan);
      await stage.show(carol, 'the last word');
      await stage.unfollow('zoe');
      stage.noteFullState();
    }),
  );
  await step('changes go on after the backlog', () => stage.show(carol, 'heard once more'));
  await step('unfollows everybody', () => stage.unfollow('bob', 'dave', 'dan', 'carol'));
  await busyHour(stage);
  for (const name of CROWD.slice(0, 10)) {
    await stage.enter(`${name}|${name.toUpperCase()}`, `{"matchId":"${name}"}`);
  }
  await step('follows a hundred', () => stage.follow(...CROWD.slice(0, 100)));
  await step('follows two hundred', () => stage.follow(...CROWD.slice(100)));
  const [one, two] = [await stage.enter('player-150', 'one'), await stage.enter('player-199', 'two')];
  await step('two of them come online', async () => {});
  await step('one leaves, one changes', async () => {
    await stage.leave(one);
    await stage.show(two, 'changed');
  });
  await step('unfollows half of them', () => stage.unfollow(...CROWD.slice(0, 100)));
}

/** A match whose room says who is in it. */
async function inMatch(stage: Stage, bob: Player): Promise<void> {
  const step = async (name: string, act: () => Promise<unknown>): Promise<void> => {
    await act();
    await stage.settle(name);
  };
  const stay = await stage.openArena('bob|Bob');
  const { arena } = stage;
  await step('is in a match, says the room', async () => {});
  await step('the match has a map', () => arena.describe({ map: 'dust', size: [64, 48.5], ranked: true }));
  const other = await arena.join('gil');
  await step('another player comes', async () => {});
  await step('the status names the same match', () =>
    stage.show(bob, `{"text":"Winning","matchId":"${arena.roomId}"}`),
  );
  const last = await arena.join('han');
  await step('the match is full', async () => {});
  await step('a place is free again', () => arena.leave(last));
  await step('the match is locked', () => arena.lock(true));
  await step('the match is open again', () => arena.lock(false));
  await step('the status names no match', () => stage.show(bob, 'playing'));
  await step('the match is private: no id, no map', () => arena.setPrivate(true));
  await step('the match is public again', () => arena.setPrivate(false));
  await step('the player leaves the match', () => stage.leaveArena(stay));
  await arena.leave(other);
}

/** Many changes in a row, drawn by a generator that always draws the same. */
async function busyHour(stage: Stage): Promise<void> {
  let seed = 1;
  const draw = (count: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % count;
  };
  const names = ['eve|Eve', 'frank', 'gina|Gina', 'hal', 'ivy|Ivy'];
  const players = new Map<string, Player>();
  for (let turn = 1; turn <= 100; turn++) {
    const token = names[draw(names.length)] ?? '';
    const [userId = ''] = token.split('|');
    const player = players.get(userId);
    const status = [`turn ${turn}`, '', null, `{"matchId":"m-${turn}"}`][draw(4)] ?? null;
    const action = draw(6);
    if (action === 0) {
      await stage.follow(userId);
    } else if (action === 1) {
      await stage.unfollow(userId);
    } else if (player === undefined) {
      players.set(userId, await stage.enter(token, status));
    } else if (action === 2) {
      await stage.leave(player);
      players.delete(userId);
    } else {
      await stage.show(player, status);
    }
    await stage.settle(`a busy hour, turn ${turn}`);
  }
  await stage.unfollow(...names.map((token) => token.split('|')[0] ?? ''));
  await stage.settle('the end of the busy hour');
}
