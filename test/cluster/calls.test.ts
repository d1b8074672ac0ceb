import { describe, expect, test } from 'vitest';
import { Calls, RefusedError } from '../../src/cluster/calls.ts';
import { systemClock } from '../../src/cluster/clock.ts';
import { Health } from '../../src/cluster/health.ts';

function setup(timeoutMs = 20): { calls: Calls; health: Health; lines: string[] } {
  const lines: string[] = [];
  const note = (message: string): void => {
    lines.push(message);
  };
  const health = new Health({ info: note, warn: note, error: note }, () => {});
  return { calls: new Calls(health, systemClock, timeoutMs), health, lines };
}

describe('a command to the store', () => {
  test('resolves with the answer of the store, promise or not', async () => {
    const { calls, health } = setup();
    expect(await calls.run('key', () => 1)).toBe(1);
    expect(await calls.run('key', () => Promise.resolve('x'))).toBe('x');
    expect(health.state).toBe('up');
  });

  test.each<[string, () => unknown]>([
    ['rejects', () => Promise.reject(new Error('no'))],
    ['rejects with no error', () => Promise.reject('no')], // oxlint-disable-line prefer-promise-reject-errors
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['resolves with an error', () => Promise.resolve(new Error('no'))],
    ['never settles', () => new Promise(() => {})],
  ])('takes the store down when it %s; then none is issued, but the probe', async (_what, command) => {
    const { calls, health, lines } = setup();
    await expect(calls.run('key', command)).rejects.toThrow(/no/);
    await expect(calls.run('key', command)).rejects.toThrow(/down/);
    expect(health.state).toBe('down');
    expect(lines).toHaveLength(1);

    let issued = 0;
    await expect(calls.run('key', () => ++issued)).rejects.toThrow();
    expect(issued).toBe(0);
    expect(await calls.probe('key', () => ++issued)).toBe(1);
  });

  test('does not mark the store as down when it is refused because of a foreign value', async () => {
    const { calls, health } = setup();
    await expect(
      calls.run('key', () => Promise.reject(new Error('WRONGTYPE Operation against a key'))),
    ).rejects.toThrow(RefusedError);
    expect(health.state).toBe('up');
  });

  test('does not change the health when it was issued before the last recovery', async () => {
    const { calls, health, lines } = setup();
    let fail = (_error: Error): void => {};
    const old = calls.run(
      'key',
      () =>
        new Promise((_resolve, reject) => {
          fail = reject;
        }),
    );
    await expect(calls.run('key', () => Promise.reject(new Error('no')))).rejects.toThrow();
    expect(health.recovered()).toBe(true);
    expect(health.recovered()).toBe(false);
    fail(new Error('late'));
    await expect(old).rejects.toThrow('late');
    expect(health.state).toBe('up');
    expect(lines).toHaveLength(2);
  });

  test('accepts an answer that arrived while the process was stalled', async () => {
    const { calls, health } = setup(5);
    const answer = calls.run(
      'key',
      () =>
        new Promise((resolve) => {
          setImmediate(() => {
            resolve('there');
          });
        }),
    );
    const end = Date.now() + 30;
    while (Date.now() < end) {
      /* stalled past the limit */
    }
    expect(await answer).toBe('there');
    expect(health.state).toBe('up');
  });
});
