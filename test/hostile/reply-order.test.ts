/** Rule 3, order of replies: the calls of a connection are answered in order of arrival, whichever users they are about. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fresh, person, ROOMS, type Person } from '../support/person.ts';
import { rawJoin, type RawClient } from '../support/raw.ts';
import type { Reply } from '../../src/index.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const cidsOf = (client: RawClient): unknown[] => client.of<{ cid: unknown }>('presence:reply').map(({ cid }) => cid);

describe.each([true, false])('with other processes: %s', (enabled) => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer({
      cluster: { enabled, prefix: 'reply-order' },
      rateLimit: 1000,
      canFollow: (_, ids) => ids.map((id) => id !== 'refused'),
    });
  });
  afterEach(async () => {
    await server.stop();
  });

  describe.each(ROOMS)('in a %s room', (room) => {
    test('whatever the calls wait for', async () => {
      const bob = await person(server, fresh('bob'), room, { status: 'here' });
      const { userId } = await bob.welcome();
      await person(server, 'unseen', room);
      const eve = await rawJoin(server, fresh('eve'), room);
      const calls = ['unseen', 'nobody', userId, 'refused', 'somebody'].flatMap((id) => [
        ['presence:query', { userIds: [id] }] as const,
        ['presence:follow', { userIds: [id] }] as const,
        ['presence:status', { status: id }] as const,
        ['presence:join', { userId: id }] as const,
        ['presence:unfollow', { userIds: [id] }] as const,
        ['presence:query', { userIds: 7.5 }] as const,
        ['presence:nothing', {}] as const,
      ]);
      eve.burst(calls.map(([type, payload], cid) => [type, { ...payload, cid }] as const));
      await until(() => cidsOf(eve).length === calls.length, 'every answer');
      expect(cidsOf(eve)).toEqual(calls.map((_, cid) => cid));
      eve.socket.terminate();
    });

    test.each(['presence:query', 'presence:follow'])('%s: an unseen user is no other than nobody', async (type) => {
      await person(server, 'unseen', room);
      const heard = async (first: string, second: string): Promise<string[]> => {
        const eve = await rawJoin(server, fresh('eve'), room, { sync: 'deltas' });
        eve.burst([
          [type, { userIds: [first], cid: 1 }],
          [type, { userIds: [second], cid: 2 }],
        ]);
        await until(() => cidsOf(eve).length === 2, 'both answers');
        eve.socket.terminate();
        return eve
          .of('presence:reply')
          .map((reply) => JSON.stringify(reply).replaceAll(first, 'first').replaceAll(second, 'second'));
      };
      const wanted = await heard('nobody', 'anybody');
      expect(await heard('unseen', 'nobody')).toEqual(wanted);
      expect(await heard('nobody', 'unseen')).toEqual(wanted);
    });

    test('requests and plain messages of one segment too', async () => {
      const eve: Person = await person(server, fresh('eve'), room);
      const first = eve.ask('presence:query', { userIds: ['nobody'] }, 'request');
      const cids = [
        eve.sendForm('presence:status', { status: 'x' }),
        eve.sendForm('presence:follow', { userIds: ['unseen'] }),
      ];
      await Promise.all([first, eve.ask('presence:unfollow', {}, 'request')]);
      const order = eve.heard.flatMap((entry) =>
        entry.kind === 'response'
          ? ['a response']
          : entry.kind === 'message' && entry.type === 'presence:reply'
            ? [(entry.payload as Reply).cid]
            : [],
      );
      expect(order).toEqual(['a response', ...cids, 'a response']);
    });
  });
});
