import { expect, test } from 'vitest';
import { CallQueue } from '../../src/rooms/call-queue.ts';

test('a call that waits for nothing is answered at once', () => {
  const queue = new CallQueue();
  expect(queue.run(() => 'a')).toBe('a');
  expect(queue.run(() => 'b')).toBe('b');
});

test('calls are begun and answered in order, one at a time', async () => {
  const queue = new CallQueue();
  const order: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string>();
  const call = (name: string, answer: string | Promise<string>): Promise<void> =>
    Promise.resolve(
      queue.run(() => {
        order.push(`begin ${name}`);
        return answer;
      }),
    ).then(() => {
      order.push(`end ${name}`);
    });
  const all = [call('a', promise), call('b', 'b'), call('c', Promise.resolve('c')), call('d', 'd')];
  expect(order).toEqual(['begin a']);
  expect(queue.length).toBe(3);
  resolve('a');
  await Promise.all(all);
  expect(order).toEqual(['a', 'b', 'c', 'd'].flatMap((name) => [`begin ${name}`, `end ${name}`]));
  await new Promise(setImmediate);
  expect(queue.run(() => 'at once')).toBe('at once');
});
