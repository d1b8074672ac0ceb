/** The parts of a cluster over a store in memory, with a clock that the test turns. */
import { LocalPresence } from '@colyseus/core';
import { Bus } from '../../../src/cluster/bus.ts';
import { Calls } from '../../../src/cluster/calls.ts';
import { systemClock } from '../../../src/cluster/clock.ts';
import { Formats } from '../../../src/cluster/formats.ts';
import { Health } from '../../../src/cluster/health.ts';
import { keysOf, Store } from '../../../src/cluster/store.ts';
import { Sweeper } from '../../../src/cluster/sweeper.ts';

export function makeParts(incarnation: string) {
  const presence = new LocalPresence();
  const time = { now: 0 };
  const clock = { ...systemClock, now: () => time.now };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const calls = new Calls(new Health(log, () => {}), systemClock, 1000);
  const keys = keysOf('p');
  const store = new Store(presence, calls, keys);
  const formats = new Formats(log);
  const bus = new Bus({
    formats,
    incarnation,
    presence,
    calls,
    keys,
    log,
    subscriptions: { presence, clock: systemClock, timeoutMs: 1000 },
  });
  const sweeper = new Sweeper({ store, claimSeconds: 10, rememberSeconds: 60, concurrency: 4 });
  return { presence, time, clock, log, store, bus, formats, sweeper };
}
