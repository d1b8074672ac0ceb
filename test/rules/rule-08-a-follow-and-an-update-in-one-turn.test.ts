/** Rule 8 at the level of microtasks: a user changes in the same turn in which a follow of it is decided. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { presence } from '../../src/index.ts';
import { currentRuntime } from '../../src/server/runtime.ts';
import { expectSound, FORMS, fresh, person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let asked: ((answer: boolean[]) => void) | undefined;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    rateLimit: 10_000,
    canFollow: async () =>
      new Promise((resolve) => {
        asked = resolve;
      }),
  });
});
afterAll(async () => {
  await server.stop();
});

test.each(
  FORMS.flatMap(
    (form) =>
      [
        [form, 'waits for its turn'],
        [form, 'is told at once'],
      ] as const,
  ),
)('by %s: what changes then %s, and is told once', async (form, when) => {
  const [annId, bobId] = [fresh('ann'), fresh('bob')];
  const bob = await person(server, bobId, 'presence', { status: 'first' });
  const ann = await person(server, annId, 'presence', { sync: 'deltas' });
  for (let steps = 0; steps < 30; steps++) {
    asked = undefined;
    const following = ann.follow([bobId], form);
    const answer = await until(() => asked, 'canFollow');
    answer([true]);
    for (let step = 0; step < steps; step++) {
      await Promise.resolve();
    }
    void presence.setStatus({ userId: bobId }, `status ${steps}`);
    if (when === 'is told at once') {
      currentRuntime('presence')!.tracker.outbox.flush();
    }
    await following;
    await until(() => ann.statusesOf(bobId)[0] === `status ${steps}`, 'the status');
    await ann.settle();
    expect([steps, ...ann.mirror.problems]).toEqual([steps]);
    await ann.unfollow([bobId], form);
  }
  expectSound(ann, bob);
});
