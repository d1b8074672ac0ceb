/** Rule 3, timing of replies: over a shared store, what is asked about somebody who is here unseen takes the way of what is asked about nobody. */
import { matchMaker, type Presence } from '@colyseus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLUSTER_DEFAULTS } from '../../src/options.ts';
import { person, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';

const PREFIX = 'review-timing';
let server: TestServer;
/** Holds back what the store says of users. */
let hold: Promise<void> | undefined;
let release: () => void = () => {};

beforeEach(async () => {
  server = await startServer({ cluster: { ...CLUSTER_DEFAULTS, enabled: true, prefix: PREFIX } });
  const store = matchMaker.presence;
  const hgetall = store.hgetall.bind(store);
  store.hgetall = async (key: string): ReturnType<Presence['hgetall']> => {
    if (key.startsWith(`${PREFIX}:u:`)) {
      await hold;
    }
    return hgetall(key);
  };
});
afterEach(async () => {
  release();
  await server.stop();
});

function holdTheStore(): void {
  ({ promise: hold, resolve: release } = Promise.withResolvers<void>());
}

async function answered(who: Person, cids: string[]): Promise<boolean[]> {
  await who.settle();
  return cids.map((cid) => who.replies.some((reply) => reply.cid === cid));
}

test.each(['presence:query', 'presence:follow'])(
  '%s of an invisible user waits for the store as that of an unknown one',
  async (type) => {
    await person(server, 'unseen');
    const eve = await person(server, 'eve', 'presence', { sync: 'deltas' });
    holdTheStore();
    const cids = ['unseen', 'nobody'].map((userId) => eve.sendForm(type, { userIds: [userId] }));
    expect(await answered(eve, cids)).toEqual([false, false]);
    release();
    const [unseen, nobody] = await Promise.all(cids.map((cid) => eve.reply(cid)));
    const plain = (reply: unknown, userId: string): string =>
      JSON.stringify({ ...(reply as object), cid: '' }).replaceAll(userId, 'X');
    expect(plain(unseen, 'unseen')).toBe(plain(nobody, 'nobody'));
  },
);
