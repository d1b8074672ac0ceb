import { describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { Writer } from '../../src/cluster/writer.ts';

/** Writes that end when the test says so. */
function held(): {
  write: (userId: string) => Promise<void>;
  open: Array<{ userId: string; end: () => void; fail: () => void }>;
  seen: string[];
} {
  const open: Array<{ userId: string; end: () => void; fail: () => void }> = [];
  const seen: string[] = [];
  return {
    open,
    seen,
    write: (userId) =>
      new Promise((resolve, reject) => {
        seen.push(userId);
        const leave = (then: () => void) => (): void => {
          open.splice(
            open.findIndex((one) => one.userId === userId),
            1,
          );
          then();
        };
        open.push({
          userId,
          end: leave(resolve),
          fail: leave(() => {
            reject(new Error('no'));
          }),
        });
      }),
  };
}

describe('the writer', () => {
  test('writes at the end of the turn, once however often it was marked', async () => {
    const { write, seen, open } = held();
    const writer = new Writer(write, 10);
    writer.mark('ann');
    writer.mark('bob');
    writer.mark('ann');
    expect([seen, writer.has('ann'), writer.has('eve')]).toEqual([[], true, false]);
    await until(() => seen.length === 2, 'the writes');
    expect(writer.has('ann')).toBe(true);
    open.slice().forEach(({ end }) => {
      end();
    });
    await writer.idle();
    expect(seen).toEqual(['ann', 'bob']);
    expect([writer.pending, writer.has('ann')]).toEqual([0, false]);
  });

  test('never writes one user twice at once, and writes again what changed meanwhile', async () => {
    const { write, seen, open } = held();
    const writer = new Writer(write, 10);
    writer.mark('ann');
    await until(() => open.length === 1, 'the first write');
    for (let i = 0; i < 5; i++) {
      writer.mark('ann');
    }
    writer.mark('bob');
    await until(() => seen.includes('bob'), 'bob not to wait for ann');
    expect(seen).toEqual(['ann', 'bob']);
    open[0]!.end();
    await until(() => seen.length === 3, 'the second write');
    open.slice().forEach(({ end }) => {
      end();
    });
    await writer.idle();
    expect(seen).toEqual(['ann', 'bob', 'ann']);
  });

  test('never exceeds its limit, and writes every user in the end', async () => {
    let inFlight = 0;
    let most = 0;
    const seen = new Set<string>();
    const writer = new Writer(async (userId) => {
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      inFlight--;
      seen.add(userId);
    }, 8);
    for (let i = 0; i < 500; i++) {
      writer.mark(`user${i}`);
      writer.mark(`user${i % 7}`);
    }
    await writer.idle();
    expect(most).toBe(8);
    expect(seen.size).toBe(500);
  });

  test('pauses at a failure, keeps the users to be written, and continues after resume()', async () => {
    const { write, seen, open } = held();
    const writer = new Writer(write, 1);
    writer.mark('ann');
    writer.mark('bob');
    await until(() => open.length === 1, 'the first write');
    open[0]!.fail();
    await writer.idle();
    for (let i = 0; i < 100; i++) {
      writer.mark('bob');
    }
    expect(writer.pending).toBe(2);
    expect(seen).toEqual(['ann']);
    writer.resume();
    for (let i = 0; i < 2; i++) {
      await until(() => open.length === 1, 'another write');
      open[0]!.end();
    }
    await writer.idle();
    expect(seen.toSorted()).toEqual(['ann', 'ann', 'bob']);
    expect(writer.pending).toBe(0);
  });
});
