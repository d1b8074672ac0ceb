/** Two honest players beside an attack: one is seen by the other, whatever happens. */
import { expect } from 'vitest';
import { fresh, person, type Person } from '../../support/person.ts';
import { until } from '../../support/until.ts';
import type { RawClient } from '../../support/raw.ts';
import type { TestServer } from '../../support/server.ts';

export class HonestPair {
  readonly #friend: Person;
  readonly #witness: Person;
  readonly friendId: string;
  #rounds = 0;

  private constructor(friendId: string, friend: Person, witness: Person) {
    this.friendId = friendId;
    this.#friend = friend;
    this.#witness = witness;
  }

  static async at(server: TestServer, room: string): Promise<HonestPair> {
    const friendId = fresh('friend');
    const friend = await person(server, friendId, room, { status: 'start' });
    const witness = await person(server, fresh('witness'), room);
    await witness.follow([friendId]);
    return new HonestPair(friendId, friend, witness);
  }

  /** An update still arrives, and neither was disconnected. */
  async expectUnharmed(): Promise<void> {
    const status = `round ${++this.#rounds}`;
    await this.#friend.setStatus(status);
    await until(() => this.#witness.statusesOf(this.friendId)[0] === status, 'the friend at the witness');
    expect(this.#witness.room.connection.isOpen).toBe(true);
  }
}

let cids = 0;

/** The attacker is still served. */
export async function expectServed(client: RawClient, userId: string): Promise<void> {
  const cid = `alive ${++cids}`;
  client.burst([['presence:query', { userIds: [userId], cid }]]);
  await until(() => client.of<{ cid: unknown }>('presence:reply').some((reply) => reply.cid === cid), 'an answer');
}
