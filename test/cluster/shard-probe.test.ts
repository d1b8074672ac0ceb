import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/cluster/clock.ts';
import { ShardProbe } from '../../src/cluster/shard-probe.ts';
import { Subscription } from '../../src/cluster/subscription.ts';
import { makeParts } from './support/parts.ts';

function setup(sub: object = {}) {
  const { bus, presence } = makeParts('self');
  const link = { unconfirmed: vi.fn(), confirmed: vi.fn() };
  const asked: string[] = [];
  const store = { answers: true };
  vi.spyOn(presence, 'subscribe').mockImplementation((topic) => {
    asked.push(topic);
    return store.answers ? Promise.resolve(presence) : (new Promise(() => {}) as never);
  });
  let names = 0;
  vi.spyOn(bus, 'toNothing').mockImplementation(
    () =>
      new Subscription(
        { presence, clock: systemClock, timeoutMs: 5 },
        `topic ${++names}`,
        () => {},
        () => {},
      ),
  );
  const client = { status: 'ready', disconnect: () => {}, ...sub };
  const probe = new ShardProbe({ presence: { sub: client }, bus, link: link as never });
  return { probe, link, asked, store };
}

describe('a Presence of several stores', () => {
  test('is asked with another topic each time', async () => {
    const { probe, asked, link } = setup();
    await probe.probe();
    await probe.probe();
    expect(asked).toEqual(['topic 1', 'topic 2']);
    expect([link.confirmed.mock.calls.length, link.unconfirmed.mock.calls.length]).toEqual([2, 0]);
  });

  test('is asked again with the same topic when it does not confirm, and replaced after the second time', async () => {
    const { probe, asked, link, store } = setup();
    store.answers = false;
    await probe.probe();
    expect(link.unconfirmed).not.toHaveBeenCalled();
    await probe.probe();
    expect([asked, link.unconfirmed.mock.calls.length]).toEqual([['topic 1', 'topic 1'], 1]);
    store.answers = true;
    await probe.probe();
    await probe.probe();
    expect([asked.slice(2), link.confirmed.mock.calls.length]).toEqual([['topic 1', 'topic 2'], 2]);
    probe.close();
  });

  test('is asked once at a time', async () => {
    const { probe, asked } = setup();
    await Promise.all([probe.probe(), probe.probe()]);
    expect(asked).toHaveLength(1);
  });
});

test.each([
  ['one connection', { stream: {} }],
  ['a Redis Cluster', { isCluster: true }],
])('%s is not asked: the echo of the beats tells', async (_, sub) => {
  const { probe, asked } = setup(sub);
  await probe.probe();
  expect(asked).toEqual([]);
});
