import { describe, expect, test } from 'vitest';
import type { Presence } from '@colyseus/core';
import { FAULTS, isCalm, profileOf, type Fault } from './profile.ts';
import type { SimNode } from './sim-node.ts';
import { simulate, SimulationFailure } from './simulation.ts';
import type { Sabotage } from './world.ts';

const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1);

describe('the cluster, simulated', () => {
  test.each(SEEDS)(
    'ends up with the truth in every view, and nothing left over (seed %i)',
    async (seed) => {
      const { operations, checks, delivered } = await simulate({ seed, operations: 5000 });
      expect(operations).toBe(5000);
      expect(checks).toBe(5);
      expect(delivered).toBeGreaterThan(1000);
    },
    60_000,
  );

  test('meets every kind of fault in these runs, and some runs without any', () => {
    const profiles = SEEDS.map(profileOf);
    const met = new Set<Fault>(profiles.flatMap(({ faults }) => faults));
    expect([...met].sort()).toEqual([...FAULTS].sort());
    expect(profiles.some(isCalm)).toBe(true);
  });

  test('is the same every time for the same seed', async () => {
    const once = await simulate({ seed: 7, operations: 2000 });
    const again = await simulate({ seed: 7, operations: 2000 });
    expect([once.turns, once.delivered, [...once.commands]]).toEqual([
      again.turns,
      again.delivered,
      [...again.commands],
    ]);
  });
});

/** A `Presence` of which some methods do something else. */
function changed(real: Presence, changes: Partial<Presence>): Presence {
  return new Proxy(real, {
    get(target, name) {
      if (Object.hasOwn(changes, name)) {
        return changes[name as keyof Presence];
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

/** These have all processes write everything again, which heals also what the bug would leave. */
const MENDING: readonly Fault[] = [
  'wipe',
  'outage',
  'outage with loss',
  'lost keys',
  'older data',
  'stall',
  'partition',
];

/** The first seed of a run in which this happens often, and nothing that hides the bug. */
function seedWith(wanted: Fault, without: readonly Fault[] = []): number {
  for (let seed = 1; ; seed++) {
    const { faults, faultMs, gapMs } = profileOf(seed);
    const isHidden = faults.some((fault) => fault !== wanted && without.includes(fault));
    if (faults.includes(wanted) && !isHidden && faultMs * faults.length < gapMs * 100) {
      return seed;
    }
  }
}

async function failureOf(seed: number, sabotage: Sabotage): Promise<string> {
  try {
    await simulate({ seed, operations: 5000, sabotage });
  } catch (error) {
    expect(error).toBeInstanceOf(SimulationFailure);
    return (error as Error).message;
  }
  return 'no failure';
}

describe('the simulation finds', () => {
  test('a delta now and then that a client never gets, and says how to see it again', async () => {
    let deliveries = 0;
    const message = await failureOf(3, {
      sink: (real) => ({
        ...real,
        deliver: (batch) => {
          if (++deliveries % 300 !== 0) {
            real.deliver(batch);
          }
        },
      }),
    });
    expect(message).toMatch(/got a leave of|got a join of|sees of|got news that|sees "/);
    expect(message).toContain('node test/sim/run.ts --seed 3 --ops 5000');
  });

  test('a delta now and then that a client gets twice', async () => {
    let deliveries = 0;
    const message = await failureOf(3, {
      sink: (real) => ({
        ...real,
        deliver: (batch) => {
          real.deliver(batch);
          if (++deliveries % 300 === 0) {
            real.deliver(batch);
          }
        },
      }),
    });
    expect(message).toMatch(/got a leave of|got a join of|got news that/);
  });

  test('processes that never sweep', async () => {
    const message = await failureOf(seedWith('crash', MENDING), {
      presence: (real, node: SimNode) =>
        changed(real, {
          hdel: (key: string, field: string) =>
            field === node.incarnation ? real.hdel(key, field) : Promise.resolve(true),
        }),
    });
    expect(message).toMatch(/Redis holds presence:u:/);
  });

  test('subscriptions that are not ended', async () => {
    const message = await failureOf(4, {
      presence: (real) => changed(real, { unsubscribe: () => Promise.resolve(real) }),
    });
    expect(message).toMatch(/listens to \d+ topics of \d+/);
  });

  test('processes that do not find out that the store has lost its data', async () => {
    const leases = new Map<string, string>();
    const message = await failureOf(seedWith('wipe'), {
      presence: (real) =>
        changed(real, {
          // Their lease is always what they wrote last; the list of processes always has them.
          setex: (key: string, value: string, seconds: number) => {
            leases.set(key, value);
            return real.setex(key, value, seconds);
          },
          get: (key: string) =>
            key.includes(':l:') ? Promise.resolve(leases.get(key) ?? null) : (real.get(key) as unknown),
          smembers: async (key: string) => [
            ...(await real.smembers(key)),
            ...Array.from({ length: 6 }, (_, i) => `p${i}`),
          ],
        }),
    });
    expect(message).toMatch(/Redis (lacks|holds)|sees of|answers of/);
  });

  /** What each process wrote of its own users, as if the store could not lose it, or go back to what was before. */
  const certain = (real: Presence, node: SimNode, changes: Partial<Presence> = {}): Presence => {
    const own = new Map<string, string>();
    return changed(real, {
      hset: (key: string, field: string, value: string) => {
        own.set(key, value);
        return real.hset(key, field, value);
      },
      hdel: (key: string, field: string) => {
        if (field === node.incarnation) {
          own.delete(key);
        }
        return real.hdel(key, field);
      },
      hgetall: async (key: string) => {
        const { [node.incarnation]: _, ...others } = await real.hgetall(key);
        return own.has(key) ? { ...others, [node.incarnation]: own.get(key)! } : others;
      },
      // And nobody asks for what is missing.
      publish: (topic: string, message: unknown) =>
        (message as { kind?: string }).kind === 'ask' ? Promise.resolve() : (real.publish(topic, message) as never),
      ...changes,
    });
  };

  test('processes that do not compare what is stored with what they own', async () => {
    const message = await failureOf(seedWith('lost keys', MENDING), {
      presence: (real, node: SimNode) => certain(real, node),
    });
    expect(message).toMatch(/Redis lacks presence:u:|sees of|answers of/);
  });

  test('processes that do not notice that the store holds data from earlier', async () => {
    const leases = new Map<string, string>();
    const message = await failureOf(seedWith('older data', MENDING), {
      presence: (real, node: SimNode) =>
        certain(real, node, {
          setex: (key: string, value: string, seconds: number) => {
            leases.set(key, value);
            return real.setex(key, value, seconds);
          },
          // Any lease of their own is what they wrote last.
          get: async (key: string) => {
            const value: unknown = await real.get(key);
            return value !== null && key.endsWith(`:l:${node.incarnation}`) ? leases.get(key) : value;
          },
        }),
    });
    expect(message).toMatch(/Redis (lacks|holds) presence:|sees of|answers of/);
  });

  test('connections that are half-open and never replaced', async () => {
    const message = await failureOf(seedWith('half-open'), {
      presence: (real) =>
        changed(real, {
          // They can be listened to, but not ended.
          pub: undefined,
          sub: { on: () => {}, off: () => {} },
        } as Partial<Presence>),
    });
    expect(message).toMatch(/sees of|answers of|is down|does not hear|the processes count/);
  });

  test('processes that do not hear of others any more', async () => {
    let subscriptions = 0;
    const message = await failureOf(5, {
      presence: (real) =>
        changed(real, {
          subscribe: (topic: string, callback: (message: unknown) => void) =>
            real.subscribe(topic, topic.includes(':u:') && ++subscriptions % 50 === 0 ? () => {} : callback),
          hgetall: (key: string) => (subscriptions % 50 === 0 ? Promise.resolve({}) : real.hgetall(key)),
        }),
    });
    expect(message).not.toBe('no failure');
  });
});
