import { describe, expect, test, vi } from 'vitest';
import { Peers } from '../../src/cluster/peers.ts';
import { makeParts } from './support/parts.ts';

const LEASE_MS = 1000;

function setup() {
  const parts = makeParts('self');
  const gone: string[] = [];
  const { clock, store, sweeper } = parts;
  const peers = new Peers({
    incarnation: 'self',
    leaseMs: LEASE_MS,
    clock,
    store,
    sweeper,
    onGone: (incarnation) => gone.push(incarnation) > 0,
  });
  return { ...parts, peers, gone };
}

describe('the other processes', () => {
  test('registers of an unknown process are valid if it has a lease, which is read once', async () => {
    const { peers, store } = setup();
    await store.renew('A', 'up', 60);
    const lease = vi.spyOn(store, 'lease');
    expect(await Promise.all([peers.accepts('A', 'ann'), peers.accepts('A', 'bob')])).toEqual([true, true]);
    expect(lease).toHaveBeenCalledTimes(1);
    expect([peers.live, peers.counts('A')]).toEqual([1, true]);
    await store.endLease('A');
  });

  test('registers of a process without a lease are leftovers and are removed, whether or not they are listed', async () => {
    const { peers, store } = setup();
    for (const userId of ['ann', 'bob', 'cleo']) {
      await store.put(userId, 'A', 'x');
    }
    await store.put('cleo', 'B', 'x');
    expect(await Promise.all([peers.accepts('A', 'ann'), peers.accepts('A', 'cleo')])).toEqual([false, false]);
    expect(peers.counts('A')).toBe(false);
    expect(await peers.accepts('A', 'bob')).toBe(false);
    expect([await store.fields('ann'), await store.fields('bob'), await store.fields('cleo')]).toEqual([
      [],
      [],
      [['B', 'x']],
    ]);
    expect([await store.remembered('ann'), await store.remembered('cleo')]).toEqual(['offline', 'unlogined']);
  });

  test('a process that is alive although its lease was gone finds its lease missing after a removal', async () => {
    const { peers, store } = setup();
    await store.put('ann', 'A', 'x');
    const lease = vi.spyOn(store, 'lease').mockImplementationOnce(async () => {
      // It renews its lease while the answer is under way.
      await store.renew('A', 'up', 60);
      return null;
    });
    expect(await peers.accepts('A', 'ann')).toBe(false);
    expect(lease).toHaveBeenCalledTimes(1);
    expect(await store.lease('A')).toBeNull();
  });

  test('a silent process is gone when its lease is gone, and not before', async () => {
    const { peers, store, time, gone } = setup();
    peers.heard('A');
    await store.renew('A', 'up', 60);
    time.now = LEASE_MS + 1;
    await peers.check();
    expect([gone, peers.counts('A')]).toEqual([[], true]);
    await store.endLease('A');
    await peers.check();
    await peers.check();
    expect([gone, peers.counts('A')]).toEqual([['A'], false]);
    expect(peers.heard('A')).toBe(true);
    expect(peers.counts('A')).toBe(true);
  });

  test('silence proves nothing while no message could arrive', async () => {
    const { peers, time, gone } = setup();
    peers.heard('A');
    time.now = LEASE_MS + 1;
    peers.resetSilence();
    await peers.check();
    expect(gone).toEqual([]);
  });

  test('a process that leaves is gone at once, and its late messages are ignored', () => {
    const { peers, gone } = setup();
    peers.heard('A');
    peers.left('A', undefined);
    expect(gone).toEqual(['A']);
    expect([peers.heard('A'), peers.counts('A')]).toEqual([false, false]);
  });

  test('the registers of a process that hands off are valid until the handoff ends', async () => {
    const { peers, time, gone } = setup();
    peers.heard('A');
    peers.left('A', 500);
    expect([peers.isLeaving('A'), peers.live, peers.counts('A'), gone]).toEqual([true, 0, true, []]);
    time.now = 500;
    await peers.check();
    expect([peers.counts('A'), gone]).toEqual([false, ['A']]);
  });

  test('a scan of the list finds unknown processes, and tells whether this process is on the list', async () => {
    const { peers, store } = setup();
    await store.enlist('A');
    await store.enlist('B');
    await store.renew('A', 'up', 60);
    expect(await peers.scan()).toBe(false);
    expect([peers.counts('A'), peers.counts('B'), peers.live]).toEqual([true, false, 1]);
    await store.enlist('self');
    expect(await peers.scan()).toBe(true);
    await store.endLease('A');
  });
});
