import { describe, expect, test } from 'vitest';
import { Registrar } from '../../src/cluster/registrar.ts';
import { GuardedHost } from '../../src/cluster/guarded-host.ts';
import { FakeHost } from './support/fake-host.ts';
import { makeParts } from './support/parts.ts';

function setup(rememberSeconds = 0) {
  const { presence, time, clock, log, store, bus, formats } = makeParts('A');
  const host = new FakeHost();
  const registrar = new Registrar({
    incarnation: 'A',
    host: new GuardedHost(host, log, clock),
    store,
    bus,
    formats,
    clock,
    rememberSeconds,
  });
  const write = (userId: string, visible: boolean): Promise<void> => {
    host.own.set(userId, { entries: visible ? [{ connectionId: 'c', status: '', setAt: 0 }] : [] });
    return registrar.write(userId);
  };
  return {
    presence,
    store,
    registrar,
    host,
    fields: (userId: string) => store.fields(userId),
    write,
    time,
    listed: () => store.listed('A'),
  };
}

describe('the registrar', () => {
  test('lists a user for the sweeper, and takes it off the list only after the user stayed away for a while', async () => {
    const { registrar, write, time, listed } = setup();
    await write('ann', true);
    await write('bob', true);
    await write('eve', true);
    await write('ann', false);
    await write('bob', false);
    time.now = 20_000;
    await write('bob', true);
    await write('eve', false);
    await registrar.tidy();
    expect(await listed()).toEqual(['ann', 'bob', 'eve']);
    time.now = 30_000;
    await registrar.tidy();
    expect(await listed()).toEqual(['bob', 'eve']);
    time.now = 50_000;
    await registrar.tidy();
    expect(await listed()).toEqual(['bob']);
  });

  test('tells how a user ended before its field goes: whoever finds none finds that', async () => {
    const { presence, registrar, store, write } = setup(60);
    await write('ann', true);
    const commands: string[] = [];
    for (const name of ['hdel', 'setex', 'publish'] as const) {
      const run = presence[name].bind(presence) as (...args: unknown[]) => never;
      presence[name] = (...args: unknown[]) => {
        commands.push(name);
        return run(...args);
      };
    }
    const before = registrar.said('ann');
    await write('ann', false);
    expect(commands).toEqual(['setex', 'hdel', 'publish']);
    expect([registrar.said('ann'), registrar.said('bob')]).toEqual([before! + 1, undefined]);
    await store.forgetOffline('ann');
  });

  test('lists a user again that comes back after that', async () => {
    const { registrar, write, time, listed } = setup();
    await write('ann', true);
    await write('ann', false);
    time.now = 30_000;
    await registrar.tidy();
    expect(await listed()).toEqual([]);
    await write('ann', true);
    expect(await listed()).toEqual(['ann']);
  });

  test('leaves the stored register of a user that cannot be read, and remembers to write it later', async () => {
    const { registrar, host, write, fields } = setup();
    await write('ann', true);
    const before = await fields('ann');
    host.broken.add('register');
    await write('ann', false);
    expect(await fields('ann')).toEqual(before);
    expect([...registrar.unread]).toEqual(['ann']);
    host.broken.clear();
    await write('ann', false);
    expect(await fields('ann')).toEqual([]);
    expect(registrar.unread.size).toBe(0);
  });
});
