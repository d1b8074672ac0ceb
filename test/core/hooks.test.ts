import { describe, expect, test } from 'vitest';
import { HookError, reasonOf, runHook } from '../../src/core/hooks.ts';
import { PresenceError } from '../../src/protocol.ts';

describe('runHook', () => {
  test('gives what the hook gives, at once or later', async () => {
    expect(await runHook('canJoin', () => 1, 100)).toBe(1);
    expect(await runHook('canJoin', () => Promise.resolve(2), 100)).toBe(2);
  });
  test('a throw and silence are a HookError', async () => {
    const thrown = runHook(
      'canJoin',
      () => {
        throw new Error('a line\nand "another"');
      },
      100,
    );
    await expect(thrown).rejects.toBeInstanceOf(HookError);
    const silent = runHook('canJoin', () => new Promise(() => {}), 5);
    await expect(silent).rejects.toThrow('the hook "canJoin" failed: no answer within 5 ms');
  });
  test('a PresenceError of the hook is passed on', async () => {
    const answer = new PresenceError('match_denied');
    await expect(runHook('canJoin', () => Promise.reject(answer), 100)).rejects.toBe(answer);
  });
});

test.each([
  new HookError('canJoin', 'it threw', new Error('one\nFAKE LINE\u001b[31m')),
  new Error('one\ntwo\u0007'),
  'a\r\nb',
  null,
])('the reason for the log is one line without control characters', (error) => {
  expect(reasonOf(error)).toMatch(/^\P{Cc}+$/u);
});
