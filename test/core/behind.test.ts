import { beforeEach, describe, expect, test } from 'vitest';
import { Behind } from '../../src/core/behind.ts';
import { CoreWorld, ManualTiming } from './support/core-world.ts';
import type { Connection } from '../../src/core/model.ts';

/** Longer than the time between two looks. */
const LOOK_MS = 100;

describe('followers that are behind', () => {
  let timing: ManualTiming;
  let looks: Connection[][];
  let behind: Behind;
  let bob: Connection;

  beforeEach(async () => {
    bob = (await new CoreWorld().join('bob')).connection;
    timing = new ManualTiming();
    looks = [];
    behind = new Behind(timing, (followers) => looks.push([...followers]));
  });

  function owe(): void {
    bob.delivery = 'behind';
    behind.add(bob);
  }

  test('are looked at until they are live again, and then no more', () => {
    owe();
    owe();
    timing.pass(2 * LOOK_MS);
    expect(looks).toEqual([[bob], [bob]]);
    bob.delivery = 'live';
    timing.pass(3 * LOOK_MS);
    expect(looks).toHaveLength(3);
    owe();
    timing.pass(LOOK_MS);
    expect(looks).toHaveLength(4);
  });

  test.each(['away', 'moved', 'gone'] as const)('one that is %s is forgotten', (delivery) => {
    owe();
    bob.delivery = delivery;
    timing.pass(3 * LOOK_MS);
    expect(looks).toHaveLength(1);
  });
});
