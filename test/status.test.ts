/** The status value: its limit in bytes, the match inside it, and what is derived from it. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitsBytes, generalOf, isUserId, matchIdOf, MAX_ID_LENGTH, parseDetails, samePresence } from '../src/status.ts';
import { makePresence } from './support/presence.ts';

test('fitsBytes counts as TextEncoder does, unpaired surrogates included', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ü', '€', '😀', '\ud83d', '\ude00') });
  fc.assert(
    fc.property(text, fc.nat(40), (value, limit) => {
      expect(fitsBytes(value, limit)).toBe(new TextEncoder().encode(value).length <= limit);
    }),
    { seed: 1, numRuns: 1000 },
  );
});

describe('the match inside a status', () => {
  test.each([
    ['{"matchId":"m1"}', 'm1'],
    ['  {"players":3,"matchId":"m1"}', 'm1'],
    [`{"matchId":"${'m'.repeat(MAX_ID_LENGTH)}"}`, 'm'.repeat(MAX_ID_LENGTH)],
  ])('%s has one', (status, matchId) => {
    expect(matchIdOf(status)).toBe(matchId);
  });

  test.each([
    '',
    'text with "matchId"',
    '{"matchId":""}',
    '{"matchId":7}',
    '{"matchId":null}',
    '{"nested":{"matchId":"m1"}}',
    '["matchId"]',
    '{"matchId":"m1"',
    `{"matchId":"${'m'.repeat(MAX_ID_LENGTH + 1)}"}`,
    '{"matchId":"\\ud83d"}',
    '{"__proto__":{"matchId":"m1"}}',
  ])('%j has none', (status) => {
    expect(matchIdOf(status)).toBeUndefined();
  });

  test('details are a JSON object, or nothing', () => {
    expect(parseDetails('{"text":"hi"}')).toEqual({ text: 'hi' });
    expect(['', 'hi', '7', 'null', '[1]', '{broken'].map((status) => parseDetails(status) ?? 'none')).toEqual(
      Array.from({ length: 6 }, () => 'none'),
    );
  });
});

test('a presence is well-formed, and has only what there is', () => {
  expect(makePresence('ann', 'c1', 'a\ud83d', undefined)).toStrictEqual({
    userId: 'ann',
    connectionId: 'c1',
    status: 'a\ufffd',
  });
  expect(makePresence('ann', 'c1', '{"matchId":"m1"}', 'Ann\ude00')).toStrictEqual({
    userId: 'ann',
    connectionId: 'c1',
    status: '{"matchId":"m1"}',
    matchId: 'm1',
    match: { verified: false },
    username: 'Ann\ufffd',
  });
});

test('two presences are the same when nobody could tell them apart', () => {
  const one = makePresence('ann', 'c1', 'hi', 'Ann');
  expect(samePresence(one, { ...one })).toBe(true);
  for (const change of [{ status: '' }, { matchId: 'm' }, { username: 'A' }, { connectionId: 'c2' }, { userId: 'b' }]) {
    expect(samePresence(one, { ...one, ...change })).toBe(false);
  }
});

test('one visible connection makes a user online; without any, how the last one ended counts', () => {
  expect([generalOf(2, 'offline'), generalOf(0, 'offline'), generalOf(0, 'unlogined')]).toEqual([
    'online',
    'offline',
    'unlogined',
  ]);
});

test('a user id is a well-formed string of 1 to 128 characters, and no prototype key', () => {
  expect(['a', 'ü', 'constructor', 'x'.repeat(MAX_ID_LENGTH)].every(isUserId)).toBe(true);
  expect(['', '__proto__', '\ud83d', 'x'.repeat(MAX_ID_LENGTH + 1), 7, null, undefined, {}].some(isUserId)).toBe(false);
});
