import { describe, expect, test } from 'vitest';
import { forEachLimit, Limiter } from '../../src/cluster/limit.ts';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('a limiter', () => {
  test('runs a limited number at once, in order, and passes on results and errors', async () => {
    const limiter = new Limiter(3);
    let inFlight = 0;
    let most = 0;
    const order: number[] = [];
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) =>
        limiter.run(async () => {
          order.push(i);
          most = Math.max(most, ++inFlight);
          await turn();
          inFlight--;
          if (i % 10 === 0) {
            throw new Error(`no ${i}`);
          }
          return i;
        }),
      ),
    );
    expect(most).toBe(3);
    expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(5);
    expect(results[7]).toEqual({ status: 'fulfilled', value: 7 });
    expect(await limiter.run(() => Promise.resolve('still runs'))).toBe('still runs');
  });
});

describe('tasks that wait', () => {
  test('take turns by kind, and within a kind by group, however much each has asked for', async () => {
    const limiter = new Limiter(1, 2);
    const order: string[] = [];
    const many = {};
    const few = {};
    const ask = (name: string, group?: object, kind?: number): Promise<void> =>
      limiter.run(
        async () => {
          order.push(name);
          await turn();
        },
        group,
        kind,
      );
    await Promise.all([
      ask('running', many),
      ...['m1', 'm2', 'm3', 'm4'].map((name) => ask(name, many)),
      ...['f1', 'f2'].map((name) => ask(name, few)),
      ...['q1', 'q2'].map((name) => ask(name, many, 1)),
      ask('p1', few, 1),
      ask('none'),
    ]);
    expect(order.join(' ')).toBe('running q1 m1 p1 f1 q2 none m2 f2 m3 m4');
    await ask('later', few);
    expect(order.at(-1)).toBe('later');
  });

  test('lets a group that is alone have more at once, until another one comes', async () => {
    const limiter = new Limiter(2, 1, 4);
    const [one, other] = [{}, {}];
    const ended: Array<() => void> = [];
    const begun: object[] = [];
    const ask = (group: object): Promise<void> =>
      limiter.run(() => {
        begun.push(group);
        return new Promise<void>((resolve) => ended.push(resolve));
      }, group);
    const all = [one, one, one, one, one, other, one].map(ask);
    await turn();
    expect(begun).toEqual([one, one, one, one]);
    // Of the four, three have to end before there is room for two groups.
    for (const end of ended.splice(0, 2)) {
      end();
    }
    await turn();
    expect(begun).toHaveLength(4);
    for (let left = 0; left < 7; left++) {
      ended.shift()?.();
      await turn();
    }
    await Promise.all(all);
    expect(begun).toEqual([one, one, one, one, one, other, one]);
  });
});

describe('forEachLimit', () => {
  test('runs the task for every item, a limited number at once', async () => {
    const seen: number[] = [];
    let inFlight = 0;
    let most = 0;
    await forEachLimit(new Set([1, 2, 3, 4, 5, 6, 7]), 2, async (item) => {
      most = Math.max(most, ++inFlight);
      await turn();
      inFlight--;
      seen.push(item);
    });
    expect(new Set(seen)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
    expect(seen).toHaveLength(7);
    expect(most).toBe(2);
  });

  test('starts nothing more after a failure, and rejects with it', async () => {
    const started: number[] = [];
    await expect(
      forEachLimit([1, 2, 3, 4, 5], 2, async (item) => {
        started.push(item);
        await turn();
        throw new Error(`no ${item}`);
      }),
    ).rejects.toThrow('no 1');
    await turn();
    expect(started).toEqual([1, 2]);
  });
});
