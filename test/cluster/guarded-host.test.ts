/** A host that fails, at each place where the cluster calls it: nobody's presence changes, and one line is logged. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { localStore, type Store } from './support/backends.ts';
import { Processes, type Process } from './support/processes.ts';

describe('a host that throws', () => {
  let store: Store;
  let processes: Processes;
  let a: Process;
  let b: Process;
  beforeEach(async () => {
    store = localStore();
    processes = new Processes(store);
    a = await processes.start('A');
    b = await processes.start('B');
    a.show('ann', 'here');
    await b.cluster.watch('ann');
    await until(() => b.host.statuses('ann')[0] === 'here', 'B to hear ann');
  });
  afterEach(async () => {
    await processes.stop();
    await store.stop();
  });

  /** Lets both do their chores: beats, anti-entropy, retries. */
  const rounds = async (count: number): Promise<void> => {
    const beats = (): number => Math.min(...[a, b].map(({ line }) => line.calls.get('publish') ?? 0));
    const from = beats();
    await until(() => beats() >= from + count, 'some heartbeats to pass');
  };
  const stored = async (): Promise<number | undefined> =>
    (await a.cluster.read(['ann'])) && (await b.cluster.read(['ann'])).get('ann')?.registers.length;
  const errors = ({ log }: Process): number => log.filter(([level]) => level === 'error').length;

  test('during a read: the user stays as it was, here and in the store, and is written later', async () => {
    a.host.broken.add('register');
    a.show('ann', 'next');
    await rounds(3);
    expect(b.host.statuses('ann')).toEqual(['here']);
    expect(await stored()).toBe(1);
    expect(errors(a)).toBe(1);
    a.host.broken.clear();
    await until(() => b.host.statuses('ann')[0] === 'next', 'B to hear what could not be read');
    expect(b.host.remembered).toEqual([]);
  });

  test('while it lists its users, after the store lost its data', async () => {
    a.host.broken.add('announcedUsers');
    for (const key of await processes.keys()) {
      a.store.del(key);
    }
    await rounds(3);
    expect(b.host.statuses('ann')).toEqual(['here']);
    expect(errors(a)).toBe(1);
    a.host.broken.clear();
    await until(async () => (await stored()) === 1, 'ann to be stored again');
    expect(b.host.statuses('ann')).toEqual(['here']);
  });

  test('during a read after the store lost its data: a missing user is not gone', async () => {
    a.host.broken.add('register');
    for (const key of await processes.keys()) {
      a.store.del(key);
    }
    await rounds(15);
    expect(b.host.statuses('ann')).toEqual(['here']);
    expect(errors(a)).toBe(1);
    a.host.broken.clear();
    await until(async () => (await stored()) === 1, 'ann to be stored again');
    expect(b.host.statuses('ann')).toEqual(['here']);
  });

  test('while it applies a register: the register is applied again later', async () => {
    b.host.broken.add('applyRegister');
    a.show('ann', 'next');
    await rounds(3);
    expect(b.host.statuses('ann')).toEqual(['here']);
    expect(errors(b)).toBe(1);
    b.host.broken.clear();
    await until(() => b.host.statuses('ann')[0] === 'next', 'B to take it');
  });

  test('while it applies a remembered status: the status is applied again later', async () => {
    b.host.broken.add('applyRemembered');
    await b.cluster.watch('nobody');
    await rounds(3);
    expect(b.host.remembered).toEqual([]);
    expect(errors(b)).toBe(1);
    b.host.broken.clear();
    await until(() => b.host.remembered.some(([userId]) => userId === 'nobody'), 'B to take it');
    expect(b.host.statuses('ann')).toEqual(['here']);
  });

  test('while it applies a command', async () => {
    b.host.broken.add('applyCommand');
    a.cluster.broadcast('one');
    a.cluster.broadcast('two');
    await rounds(2);
    expect(errors(b)).toBe(1);
    expect(b.host.statuses('ann')).toEqual(['here']);
  });

  test('while it drops a process: the process is dropped later', async () => {
    b.host.broken.add('dropIncarnation');
    a.line.cut();
    await until(() => errors(b) === 1, 'B to fail to drop A');
    b.host.broken.clear();
    await until(() => b.host.dropped.includes('A'), 'B to drop A');
  });
});
