/** Random stories over one connection: however frames are split into chunks, the list ends in the state of the server. */
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { PresenceClient } from '../../src/client/index.ts';
import { presence, type FakeRoom } from './fakes.ts';
import { clients, join, server, settle, useScriptedServer } from './scripted.ts';

useScriptedServer();

const USERS = ['ann', 'bob', 'cat'] as const;

const ids = fc.uniqueArray(fc.constantFrom(...USERS), { minLength: 1 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('change' as const), user: fc.constantFrom(...USERS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('vanish' as const), user: fc.constantFrom(...USERS) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('follow' as const), ids }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unfollow' as const), ids }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('deliver' as const), frames: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'run' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'lose' as const }) },
);

/** A server that tells one connection about its follows, as the contract says, and keeps the frames until they are delivered. */
class Teller {
  readonly statuses = new Map<string, string>();
  #frames: Array<[type: string, payload: object]> = [];
  #follows = new Set<string>();
  #room: FakeRoom | undefined;
  #changes = 0;

  receive(type: string, payload: Record<string, unknown>, cid: unknown, room: FakeRoom): void {
    if (this.#room !== room) {
      this.#room = room;
      this.#follows.clear();
      this.#frames = [];
    }
    const asked = payload['userIds'] as string[];
    if (type === 'presence:unfollow') {
      asked.forEach((id) => this.#follows.delete(id));
      this.#frames.push(['presence:reply', { cid, ok: true }]);
      return;
    }
    asked.forEach((id) => this.#follows.add(id));
    const presences = asked.filter((id) => this.statuses.has(id)).map((id) => presence(id, this.statuses.get(id)));
    const users = asked.filter((id) => !this.statuses.has(id)).map((userId) => ({ userId, general: 'offline' }));
    this.#frames.push(['presence:reply', { cid, ok: true, presences, users }]);
  }

  change(user: string, visible: boolean): void {
    const old = this.statuses.get(user);
    this.statuses.delete(user);
    if (visible) {
      this.statuses.set(user, `${user} ${++this.#changes}`);
    }
    const now = this.statuses.get(user);
    if (this.#follows.has(user) && old !== now) {
      const leaves = old === undefined ? [] : [presence(user, old)];
      const joins = now === undefined ? [] : [presence(user, now)];
      this.#frames.push(['presence:delta', { joins, leaves }]);
    }
  }

  /** In one chunk. */
  deliver(frames: number): void {
    for (const [type, payload] of this.#frames.splice(0, frames)) {
      this.#room?.say(type, payload);
    }
  }

  get isDone(): boolean {
    return this.#frames.length === 0;
  }
}

async function rejoin(friends: PresenceClient): Promise<void> {
  server.room.end(4001);
  await vi.advanceTimersByTimeAsync(1);
  await settle();
  expect(friends.connection).toBe('online');
}

test('frames in any chunks leave the list as the server has it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (story) => {
      const teller = new Teller();
      server.onSend = (...sent) => teller.receive(...sent);
      const friends = await join({ rejoin: { minMs: 1, maxMs: 1 } });
      const followed = new Set<string>();
      const calls: Array<Promise<unknown>> = [];
      for (const each of story) {
        switch (each.do) {
          case 'change':
          case 'vanish':
            teller.change(each.user, each.do === 'change');
            break;
          case 'follow':
            each.ids.forEach((id) => followed.add(id));
            calls.push(friends.follow(each.ids));
            break;
          case 'unfollow':
            each.ids.forEach((id) => followed.delete(id));
            calls.push(friends.unfollow(each.ids));
            break;
          case 'deliver':
            teller.deliver(each.frames);
            break;
          case 'run':
            await settle();
            break;
          case 'lose':
            await rejoin(friends);
        }
      }
      await settle();
      while (!teller.isDone) {
        teller.deliver(Infinity);
        await settle();
      }
      await Promise.all(calls);
      const list = Object.fromEntries(friends.getSnapshot().map((friend) => [friend.userId, friend]));
      expect(Object.keys(list).toSorted()).toEqual([...followed].toSorted());
      for (const [userId, friend] of Object.entries(list)) {
        const status = teller.statuses.get(userId);
        expect(friend).toMatchObject({ online: status !== undefined, customStatus: status ?? '', stale: false });
      }
      await friends.leave();
      clients.length = 0;
    }),
    { numRuns: 2000 },
  );
});
