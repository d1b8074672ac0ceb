/** Rule 3, timing of replies: with a shared store, a request about an invisible user does the same work as a request about an unknown one. */
import { matchMaker, type Presence } from '@colyseus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLUSTER_DEFAULTS } from '../../src/options.ts';
import { person } from '../support/person.ts';
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

test.each(['presence:query', 'presence:follow'])(
  '%s of an invisible user waits for the store as that of an unknown one',
  async (type) => {
    await person(server, 'unseen');
    const witness = await person(server, 'witness');
    const eves = await Promise.all(
      ['eve', 'eva'].map(async (name) => person(server, name, 'presence', { sync: 'deltas' })),
    );
    holdTheStore();
    const asked = ['unseen', 'nobody'].map((userId, i) => {
      const eve = eves[i]!;
      return { userId, eve, cid: eve.sendForm(type, { userIds: [userId] }) };
    });
    await witness.settle();
    expect(eves.flatMap(({ replies }) => replies)).toEqual([]);
    release();
    const [unseen, nobody] = await Promise.all(
      asked.map(async ({ eve, cid, userId }) =>
        JSON.stringify({ ...((await eve.reply(cid)) as object), cid: '' }).replaceAll(userId, 'X'),
      ),
    );
    expect(unseen).toBe(nobody);
  },
);
