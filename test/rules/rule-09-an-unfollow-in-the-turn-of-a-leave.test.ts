/** With `redact`, the server remembers what each viewer was told: an unfollow in the same turn in which the user goes removes this, too. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { presence } from '../../src/index.ts';
import { currentRuntime } from '../../src/server/runtime.ts';
import { person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startServer({ redact: (_, seen) => ({ ...seen, status: 'redacted' }) });
});
afterEach(async () => {
  await server.stop();
});

test('nothing of the user stays', async () => {
  const ann = await person(server, 'ann');
  await person(server, 'bob', 'presence', { status: 'here' });
  await ann.follow(['bob']);
  const [connection] = currentRuntime('presence')!.tracker.users.get('ann')!.own;
  expect(connection!.view!.told.get('bob')?.connections.size).toBe(1);
  void presence.setStatus({ userId: 'bob' }, null);
  void presence.unfollow({ userId: 'ann' }, ['bob']);
  await until(() => ann.unfollowed.length === 1, 'the unfollow');
  await ann.settle();
  expect([connection!.follows.size, [...connection!.view!.told.keys()]]).toEqual([0, []]);
});
