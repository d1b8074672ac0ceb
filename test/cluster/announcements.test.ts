import { describe, expect, test, vi } from 'vitest';
import { Announcements } from '../../src/cluster/announcements.ts';
import { GuardedHost } from '../../src/cluster/guarded-host.ts';
import { Peers } from '../../src/cluster/peers.ts';
import { Registrar } from '../../src/cluster/registrar.ts';
import { FakeHost } from './support/fake-host.ts';
import { makeParts } from './support/parts.ts';

function setup() {
  const parts = makeParts('self');
  const { clock, store, sweeper, bus, formats, log } = parts;
  const host = new FakeHost();
  const guarded = new GuardedHost(host, log, clock);
  const peers = new Peers({ incarnation: 'self', leaseMs: 60_000, clock, store, sweeper, onGone: () => true });
  const registrar = new Registrar({
    incarnation: 'self',
    host: guarded,
    store,
    bus,
    formats,
    clock,
    rememberSeconds: 60,
  });
  const announcements = new Announcements({
    incarnation: 'self',
    host: guarded,
    store,
    registrar,
    peers,
    maxAtOnce: 1,
  });
  const show = (...userIds: string[]): void => {
    for (const userId of userIds) {
      host.own.set(userId, { entries: [{ connectionId: userId, status: 'here', setAt: 1 }] });
    }
  };
  return { ...parts, host, peers, registrar, announcements, show };
}

describe('what is announced', () => {
  test('waits until the store can be written, and is written once', async () => {
    const { announcements, store, show } = setup();
    show('ann');
    announcements.announce('ann');
    announcements.announce('ann');
    const put = vi.spyOn(store, 'put');
    await announcements.idle();
    expect(put).not.toHaveBeenCalled();
    announcements.resume();
    await announcements.idle();
    expect(put).toHaveBeenCalledTimes(1);
  });

  test('after a loss, all users are written, then the name of the process', async () => {
    const { announcements, store, show } = setup();
    show('ann', 'bob');
    announcements.noteLoss();
    expect(announcements.hasLost).toBe(true);
    const listed: string[][] = [];
    vi.spyOn(store, 'enlist').mockImplementationOnce(async () => {
      listed.push(await store.listed('self'));
    });
    announcements.announceAll();
    expect([announcements.hasLost, announcements.isEnlisting]).toEqual([false, true]);
    await announcements.idle();
    expect([announcements.isEnlisting, listed]).toEqual([false, [['ann', 'bob']]]);
  });

  test('after a loss, who has just gone is erased again: the store may be back as it was before', async () => {
    const { announcements, store, host, show } = setup();
    show('ann');
    announcements.resume();
    announcements.announce('ann');
    await announcements.idle();
    const [[, earlier] = []] = await store.fields('ann');
    host.own.set('ann', { entries: [], last: 'unlogined' });
    announcements.announce('ann');
    await announcements.idle();
    await store.put('ann', 'self', String(earlier));
    announcements.announceAll();
    await announcements.idle();
    expect(await store.fields('ann')).toEqual([]);
  });

  test('while its users cannot be named, the process stays off the list', async () => {
    const { announcements, store, host } = setup();
    host.broken.add('announcedUsers');
    announcements.noteLoss();
    announcements.announceAll();
    await announcements.idle();
    expect([announcements.hasLost, announcements.isEnlisting, await store.processes()]).toEqual([true, false, []]);
  });

  test('a user that could not be read is written with the next round', async () => {
    const { announcements, store, host, registrar, show } = setup();
    show('ann');
    host.broken.add('register');
    announcements.resume();
    announcements.announce('ann');
    await announcements.idle();
    expect([...registrar.unread]).toEqual(['ann']);
    host.broken.clear();
    announcements.resume();
    await announcements.idle();
    expect(await store.fields('ann')).toHaveLength(1);
  });

  test('what was taken over from a process that leaves is written in its name, behind the own register', async () => {
    const { announcements, host, store, peers, show } = setup();
    show('ann');
    peers.heard('A');
    peers.left('A', 5000);
    const order: string[] = [];
    const put = store.put.bind(store);
    vi.spyOn(store, 'put').mockImplementation((userId, incarnation, text) => {
      order.push(incarnation);
      return put(userId, incarnation, text);
    });
    vi.spyOn(host, 'takeRetracted').mockImplementation((_userId, isDue) =>
      isDue('A') && !isDue('B')
        ? [['A', { seq: 3, entries: [{ connectionId: 'other', status: 'left', setAt: 1 }] }]]
        : [],
    );
    announcements.resume();
    announcements.announce('ann');
    await announcements.idle();
    expect(order).toEqual(['self', 'A']);
  });
});
