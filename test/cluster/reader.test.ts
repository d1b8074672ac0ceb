import { expect, test, vi } from 'vitest';
import { Asks } from '../../src/cluster/asks.ts';
import { encodeRegister } from '../../src/cluster/envelope.ts';
import { GuardedHost } from '../../src/cluster/guarded-host.ts';
import { Peers } from '../../src/cluster/peers.ts';
import { Reader } from '../../src/cluster/reader.ts';
import { FakeHost } from './support/fake-host.ts';
import { makeParts } from './support/parts.ts';

function setup() {
  const parts = makeParts('self');
  const { clock, store, sweeper, bus, formats, log } = parts;
  const peers = new Peers({ incarnation: 'self', leaseMs: 60_000, clock, store, sweeper, onGone: () => true });
  const reader = new Reader({
    incarnation: 'self',
    host: new GuardedHost(new FakeHost(), log, clock),
    store,
    bus,
    formats,
    peers,
    asks: new Asks(peers),
    written: () => undefined,
    said: () => undefined,
    isWriting: () => false,
    onMismatch: () => {},
  });
  const put = (userId: string, from: string): Promise<void> =>
    store.put(
      userId,
      from,
      JSON.stringify(encodeRegister(from, { seq: 1, entries: [{ connectionId: from, status: '', setAt: 1 }] })),
    );
  return { ...parts, peers, reader, put };
}

test('reads what the other live processes say, each id once; of nobody, what is remembered', async () => {
  const { reader, peers, store, put } = setup();
  peers.heard('A');
  await put('ann', 'A');
  await put('ann', 'gone');
  await store.rememberOffline('bob', 60);
  const fields = vi.spyOn(store, 'fields');
  const users = await reader.read(['ann', 'bob', 'ann', 'cleo']);
  expect(users.get('ann')?.registers.map(({ incarnation }) => incarnation)).toEqual(['A']);
  expect([users.get('bob'), users.get('cleo')]).toEqual([
    { registers: [], remembered: 'offline' },
    { registers: [], remembered: 'unlogined' },
  ]);
  expect(fields).toHaveBeenCalledTimes(3);
  await store.forgetOffline('bob');
});

test('of whom the store cannot tell, nothing is said', async () => {
  const { reader, store } = setup();
  vi.spyOn(store, 'fields').mockImplementation((userId) =>
    userId === 'ann' ? Promise.reject(new Error('down')) : Promise.resolve([]),
  );
  expect([...(await reader.read(['ann', 'bob'])).keys()]).toEqual(['bob']);
});
