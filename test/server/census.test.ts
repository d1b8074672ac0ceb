/** A question to all processes: answers are added up, and waiting for them is bounded. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Census, countShare } from '../../src/server/census.ts';
import type { Cluster } from '../../src/core/ports.ts';
import type { Tracker } from '../../src/core/tracker.ts';
import type { Counts } from '../../src/server/types.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const counts = (users: number, connections = users, online = users): Counts => ({ users, connections, online });

function clusterOf(others: number, stats = { state: 'up' }): { cluster: Cluster; sent: unknown[] } {
  const sent: unknown[] = [];
  const cluster = {
    incarnation: 'here',
    stats: Object.assign(stats, { processes: others }),
    broadcast: (command: unknown) => {
      sent.push(command);
    },
  };
  return { cluster: cluster as unknown as Cluster, sent };
}

test('alone, the own answer is all, and no timer is left', async () => {
  const { cluster, sent } = clusterOf(0);
  const answer = await new Census().ask(cluster, { question: 'q' }, counts(2, 3, 1), 1000);
  expect(answer).toEqual({ users: 2, connections: 3, online: 1, processes: 1, complete: true });
  expect(sent).toEqual([{ question: 'q' }]);
  expect(vi.getTimerCount()).toBe(0);
});

test('adds up every process once, however often it answers', async () => {
  const census = new Census();
  const { cluster } = clusterOf(2);
  const answer = census.ask(cluster, { question: 'q' }, Promise.resolve(counts(1)), 1000);
  census.hear('q', 'a', counts(10));
  census.hear('q', 'a', counts(10));
  census.hear('another question', 'b', counts(1000));
  census.hear('q', 'b', counts(100));
  expect(await answer).toEqual({ users: 111, connections: 111, online: 111, processes: 3, complete: true });
  expect(vi.getTimerCount()).toBe(0);
});

test('after the time limit it says what it has, and that it is not complete; later answers are dropped', async () => {
  const census = new Census();
  const { cluster } = clusterOf(2);
  const answer = census.ask(cluster, { question: 'q' }, counts(1), 1000);
  census.hear('q', 'a', counts(10));
  await vi.advanceTimersByTimeAsync(1000);
  census.hear('q', 'b', counts(100));
  expect(await answer).toEqual({ users: 11, connections: 11, online: 11, processes: 2, complete: false });
});

test.each([
  ['when asked', 'up'],
  ['when answered', 'down'],
])('while the store does not answer, processes may be missing that nobody knows of: %s', async (_, later) => {
  const stats = { state: later === 'up' ? 'down' : 'up' };
  const { cluster } = clusterOf(0, stats);
  const answer = new Census().ask(cluster, { question: 'q' }, Promise.resolve(counts(1)), 1000);
  stats.state = later;
  expect(await answer).toEqual({ users: 1, connections: 1, online: 1, processes: 1, complete: false });
});

test('the own answer is waited for no longer than the others', async () => {
  const { cluster } = clusterOf(0);
  const answer = new Census().ask(cluster, { question: 'q' }, new Promise<Counts>(() => {}), 1000);
  await vi.advanceTimersByTimeAsync(1000);
  expect(await answer).toMatchObject({ processes: 0, complete: false });
});

test('a user counts where its newest visible connection is', () => {
  const here = { owner: undefined };
  const there = { owner: 'another process' };
  const user = (own: number, ...visible: object[]): object => ({
    own: new Set(Array.from({ length: own }, () => ({}))),
    visible: new Map(visible.map((one, i) => [i, one])),
  });
  const users = [
    user(1, here),
    user(1, there, here),
    user(1, here, there), // counted there
    user(1), // invisible: a user, not online
    user(0), // only followed
    user(0, there),
  ];
  const tracker = {
    connections: new Map(Array.from({ length: 4 }, (_, i) => [i, {}])),
    users: { byId: new Map(users.map((one, i) => [i, one])) },
  };
  expect(countShare(tracker as unknown as Tracker)).toEqual({ users: 3, connections: 4, online: 2 });
});
