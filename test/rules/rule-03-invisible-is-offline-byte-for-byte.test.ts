/**
 * Each story is played on a server of its own whose random ids are counted
 * through, so that nothing differs but the story. Then every frame that others
 * received must be the same, byte for byte.
 */
import type * as Crypto from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { drop } from '../support/drop.ts';
import { expectSound, person, ROOMS, settle, type Person, type RoomName } from '../support/person.ts';
import { startServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const random = vi.hoisted(() => ({ next: 0 }));
vi.mock('node:crypto', async (original) => ({
  ...(await original<typeof Crypto>()),
  randomBytes: (size: number) => Buffer.alloc(size, ++random.next),
}));

interface Story {
  /** How Bob starts, if he comes at all. */
  status: string | null;
  /** What he does then. Resolves when the server has seen it. */
  ends: (bob: Person) => Promise<void>;
}

const PLAYING = '{"matchId":"m1","text":"Playing"}';

/** All that Ann, who followed before, and Cat, who follows after, get to see. */
async function transcript(
  room: RoomName,
  { status, ends }: Story,
  present: boolean,
  follower: boolean,
): Promise<string[]> {
  random.next = 0;
  const server = await startServer({ rateLimit: 1000, graceSeconds: 0 });
  const seen: string[] = [];
  try {
    const ann = await person(server, 'ann|Ann', room, { status: '' });
    const note = async (who: Person): Promise<void> => {
      await settle(who);
      seen.push(...who.frames.map((frame) => Buffer.from(frame).toString('latin1')));
      who.clear();
    };
    if (follower) {
      await ann.follow(['bob', 'nobody']);
    }
    let bob: Person | undefined;
    if (present) {
      bob = await person(server, 'bob|Bob', room, { status });
      if (status !== null && follower) {
        await until(() => ann.sees('bob').length === 1, 'Bob to appear');
      }
      await settle(bob);
    }
    await settle(ann);
    ann.clear();
    if (bob !== undefined) {
      await ends(bob);
    }
    if (status !== null && follower) {
      await until(() => ann.sees('bob').length === 0, 'Bob to be gone');
    }
    await settle(ann);
    await note(ann);

    await ann.ask('presence:query', { userIds: ['bob', 'nobody'] });
    await ann.follow(['bob']);
    await ann.follow(['nobody', 'bob']);
    await ann.unfollow(['bob']);
    await ann.follow(['bob']);
    await ann.refusal('presence:join', { userId: 'bob' }, 'request');
    await ann.refusal('presence:join', { userId: 'bob' }, 'send');
    await note(ann);
    seen.push(JSON.stringify(ann.state.users));

    const cat = await person(server, 'cat|Cat', room);
    await settle(cat);
    cat.clear();
    await cat.refusal('presence:join', { userId: 'bob' }, 'request');
    await cat.ask('presence:query', { userIds: ['bob'] });
    await cat.follow(['bob', 'ann'], 'send');
    await note(cat);
    seen.push(JSON.stringify(cat.state.users));
    await note(ann);
    await note(cat);
  } finally {
    await server.stop();
  }
  return seen;
}

const clears = async (bob: Person): Promise<void> => {
  await bob.setStatus(null);
};
const drops = async (bob: Person): Promise<void> => {
  await drop(bob, true);
};
const nothing = async (): Promise<void> => {};

describe.each(ROOMS)('rule 3, in a %s room', (room) => {
  describe.each([
    ['a follower', true],
    ['nobody watching', false],
  ])('with %s', (_, follower) => {
    test('clearing the status looks, byte for byte, like dropping: deltas, state, follows, queries, jumps', async () => {
      const dropped = await transcript(room, { status: PLAYING, ends: drops }, true, follower);
      const cleared = await transcript(room, { status: PLAYING, ends: clears }, true, follower);
      expect(cleared).toEqual(dropped);
      expect(dropped.length).toBeGreaterThan(8);
      const clearedThenDropped = await transcript(
        room,
        {
          status: PLAYING,
          ends: async (bob) => {
            await clears(bob);
            await drops(bob);
          },
        },
        true,
        follower,
      );
      expect(clearedThenDropped).toEqual(dropped);
      const clearedThenLeft = await transcript(
        room,
        {
          status: PLAYING,
          ends: async (bob) => {
            await clears(bob);
            await bob.leave();
          },
        },
        true,
        follower,
      );
      expect(clearedThenLeft).toEqual(dropped);
    });

    test('a connected user who never was visible looks, byte for byte, like one who never came', async () => {
      const never = await transcript(room, { status: null, ends: nothing }, false, follower);
      const silent = await transcript(room, { status: null, ends: nothing }, true, follower);
      expect(silent).toEqual(never);
    });
  });

  test('nobody hears of a user who comes back invisible, under another name', async () => {
    const server = await startServer({ rateLimit: 1000, graceSeconds: 0 });
    try {
      const ann = await person(server, 'ann', room);
      await ann.follow(['bob']);
      const bob = await person(server, 'bob|Bob', room, { status: 'x' });
      await until(() => ann.sees('bob').length === 1, 'Bob');
      await drop(bob, true);
      await until(() => ann.sees('bob').length === 0, 'the end of Bob');
      await settle(ann);
      const [frames, state] = [ann.frames.length, ann.state];
      const again = await person(server, 'bob|Robert', room);
      await again.leave();
      const third = await person(server, 'bob|Roberta', room);
      await settle(third, ann);
      expect(ann.frames.length - frames).toBe(1); // the reply of settle
      expect(ann.state).toEqual(state);
      await third.setStatus('visible');
      await until(() => ann.state.users['bob']?.username === 'Roberta', 'the name of who is visible now');
      expect(ann.sees('bob')[0]?.username).toBe('Roberta');
    } finally {
      await server.stop();
    }
  });

  test('the own devices of an invisible user know its name', async () => {
    const server = await startServer({ graceSeconds: 0 });
    try {
      const bob = await person(server, 'bob|Bob', room);
      await settle(bob);
      expect(bob.state.me).toEqual({ userId: 'bob', username: 'Bob', general: 'unlogined', connections: {} });
      expect((await bob.welcome()).username).toBe('Bob');
      await bob.setStatus('x');
      await bob.setStatus(null);
      await settle(bob);
      expect(bob.state.me).toEqual({ userId: 'bob', username: 'Bob', general: 'offline', connections: {} });
      const phone = await person(server, 'bob|Bob', room);
      await settle(phone);
      expect(phone.state.me).toEqual({ userId: 'bob', username: 'Bob', general: 'offline', connections: {} });
    } finally {
      await server.stop();
    }
  });

  test('who follows nobody receives no frame when 100 others come, change and go; and who follows one, nothing about the rest', async () => {
    const server = await startServer({ rateLimit: 1000, graceSeconds: 0, maxClients: 500 });
    try {
      const alone = await person(server, 'alone', room, { status: '' });
      const ann = await person(server, 'ann', room, { status: '' });
      const friend = await person(server, 'friend', room, { status: 'f' });
      await ann.follow(['friend']);
      await settle(alone, ann);
      alone.clear();
      ann.clear();
      const crowd = await Promise.all(
        Array.from({ length: 100 }, async (_, i) =>
          person(server, `secret${i}|hidden${i}`, room, { status: `private${i}` }),
        ),
      );
      await Promise.all(crowd.map(async (one) => one.setStatus('private again')));
      await Promise.all(crowd.slice(0, 50).map(async (one) => one.leave()));
      for (const one of crowd.slice(50)) {
        await drop(one, true);
      }
      await friend.setStatus('told');
      await until(() => ann.statusesOf('friend')[0] === 'told', 'the friend');
      expect(alone.frames).toEqual([]);
      const bytes = Buffer.concat(ann.frames).toString('latin1');
      expect(bytes).not.toMatch(/secret|hidden|private/);
      expect(bytes).toContain('told');
      expect(ann.heard).toHaveLength(2); // the friend's delta and its state patch
    } finally {
      await server.stop();
    }
  });
});

describe.each(ROOMS)('a connection that was invisible, in a %s room', (roomName) => {
  test('comes back under another id, as one that was dropped does; its client is told', async () => {
    const server = await startServer();
    const bob = await person(server, 'bob', roomName, { status: 'first' });
    const ann = await person(server, 'ann', roomName);
    await ann.follow(['bob']);
    const [before] = ann.sees('bob');
    expect(before?.connectionId).toBe(await bob.connectionId());
    await bob.setStatus(null);
    await settle(bob, ann);
    await bob.setStatus('second');
    await settle(bob, ann);
    const [after] = ann.sees('bob');
    expect(after?.connectionId).not.toBe(before?.connectionId);
    expect(bob.welcomes.at(-1)?.connectionId).toBe(after?.connectionId);
    // While it stays visible, it keeps its id.
    await bob.setStatus('third');
    await settle(bob, ann);
    expect(ann.sees('bob')).toMatchObject([{ connectionId: after?.connectionId, status: 'third' }]);
    expectSound(ann, bob);
    await server.stop();
  });
});
