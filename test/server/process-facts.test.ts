/** What a process says of itself passes the check of what others say; anything else does not. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Meters } from '../../src/server/meters.ts';
import { isProcessFacts, processFacts, type FactsSource } from '../../src/server/process-facts.ts';
import { plainHealth } from '../../src/server/health.ts';
import { CoreWorld } from '../core/support/core-world.ts';
import type { ProcessFacts } from '../../src/index.ts';

let world: CoreWorld;
beforeEach(() => {
  world = new CoreWorld();
});

function facts(): ProcessFacts {
  const source: FactsSource = {
    tracker: world.tracker,
    meters: new Meters(),
    isShared: true,
    health: plainHealth('up', 2),
    startedAt: 1000,
    log: {
      counts: {} as FactsSource['log']['counts'],
      recent: [{ at: 1500, line: `[presence:hook_failed] ${'x'.repeat(10_000)}` }],
    },
  };
  return processFacts(source, 42, 2000);
}

test('names whom most follow, who hears nothing, and the last lines', async () => {
  const ann = await world.join('ann');
  const bob = await world.join('bob');
  for (let i = 0; i < 20; i++) {
    await world.follow(i % 2 === 0 ? ann : bob, `u${i % 13}`);
  }
  await world.follow(ann, 'star');
  await world.follow(bob, 'star');
  world.tracker.suspend(ann.connection);
  const { mostFollowed, stale, log, uptimeMs, metrics } = facts();
  expect(mostFollowed).toHaveLength(10);
  expect(mostFollowed.map(({ followers }) => followers)).toEqual(
    mostFollowed.map(({ followers }) => followers).toSorted((a, b) => b - a),
  );
  expect(mostFollowed).toContainEqual({ userId: 'star', followers: 2 });
  expect(stale).toEqual([{ userId: 'ann', connectionId: ann.connection.connectionId, delivery: 'away' }]);
  expect(log).toEqual([{ agoMs: 500, line: expect.stringMatching(/^.{300}$/) as string }]);
  expect(uptimeMs).toBe(1000);
  expect(metrics).toMatchObject({ connections: 2, stale: 1, redis: { up: true } });
});

describe('after its way through JSON', () => {
  const travelled = (change: (value: ProcessFacts) => unknown = (value) => value): unknown =>
    JSON.parse(JSON.stringify(change(facts())));

  test('it passes, also with fields that this version does not know', () => {
    expect(isProcessFacts(travelled())).toBe(true);
    expect(isProcessFacts(travelled((value) => ({ ...value, later: 1 })))).toBe(true);
  });

  test.each<[string, (value: ProcessFacts) => unknown]>([
    ['nothing', () => null],
    ['a text', () => 'facts'],
    ['no metrics', (value) => ({ ...value, metrics: undefined })],
    ['a number that is none', (value) => ({ ...value, metrics: { ...value.metrics, users: '7' } })],
    ['a number out of bounds', (value) => ({ ...value, pid: Infinity })],
    ['an unknown state', (value) => ({ ...value, health: { ...value.health, state: '<b>' } })],
    ['an id of 10 KB', (value) => ({ ...value, mostFollowed: [{ userId: 'x'.repeat(10_240), followers: 1 }] })],
    [
      'too many users',
      (value) => ({ ...value, mostFollowed: Array.from({ length: 11 }, () => ({ userId: 'x', followers: 1 })) }),
    ],
    [
      'too many labels',
      (value) => ({
        ...value,
        metrics: { ...value.metrics, calls: Object.fromEntries(Array.from({ length: 201 }, (_, i) => [i, i])) },
      }),
    ],
    ['a line of 10 KB', (value) => ({ ...value, log: [{ agoMs: 1, line: 'x'.repeat(10_240) }] })],
  ])('%s does not pass', (_, change) => {
    expect(isProcessFacts(travelled(change))).toBe(false);
  });
});
