import { describe, expect, test } from 'vitest';
import {
  readCid,
  readFields,
  readConnectionId,
  readIds,
  readStatus,
  readUsableIds,
  readUserId,
  readJoinOptions,
} from '../../src/rooms/validate.ts';

const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'fine';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('cid', () => {
  test.each([0, 7, -1, 1.5, 2 ** 40, 7n, 2n ** 60n, '', 'a', 'x'.repeat(128)])('%s is echoed as it came', (cid) => {
    expect(readCid({ cid })).toBe(cid);
  });
  test.each([undefined, null, true, {}, [], 'x'.repeat(129)])('%s is none', (cid) => {
    expect(readCid({ cid })).toBeUndefined();
  });
  test.each([undefined, null, 5, 'text', [], Object.create({ cid: 1 })])('payload %s has none', (payload) => {
    expect(readCid(payload)).toBeUndefined();
  });
});

describe('status', () => {
  test('text, null, and false for null', () => {
    expect(readStatus('x', 1)).toBe('x');
    expect(readStatus('', 1)).toBe('');
    expect(readStatus(null, 1)).toBeNull();
    expect(readStatus(false, 1)).toBeNull();
  });
  test.each([undefined, true, 0, 5, {}, []])('%s is none', (value) => {
    expect(codeOf(() => readStatus(value, 10))).toBe('invalid_payload');
  });
  test('the limit is in UTF-8 bytes', () => {
    expect(codeOf(() => readStatus('éé', 4))).toBe('fine');
    expect(codeOf(() => readStatus('ééx', 4))).toBe('status_too_long');
  });
});

describe('ids', () => {
  test('a list, one id, or an empty table', () => {
    expect(readIds(['a', 'b'], 2)).toEqual(['a', 'b']);
    expect(readIds('a', 2)).toEqual(['a']);
    expect(readIds({}, 2)).toEqual([]);
    expect(readUsableIds('a', 2)).toEqual(['a']);
    expect(readIds(7n, 2)).toEqual(['7']);
  });
  test.each([undefined, null, 5.5, true, { a: 1 }, '', [''], ['a', 5.5], 'x'.repeat(129)])('%s is refused', (value) => {
    expect(codeOf(() => readIds(value, 10))).toBe('invalid_payload');
  });
  test('one bad id refuses a follow, but not a query', () => {
    expect(codeOf(() => readIds(['a', 5.5], 10))).toBe('invalid_payload');
    expect(readUsableIds(['a', 5, '', null], 10)).toEqual(['a', '5']);
    expect(codeOf(() => readUsableIds([5.5], 10))).toBe('invalid_payload');
  });
  test('too many', () => {
    expect(codeOf(() => readIds(['a', 'b', 'c'], 2))).toBe('too_many_ids');
  });
  test('a single id', () => {
    expect(readUserId('a')).toBe('a');
    expect(codeOf(() => readUserId(['a']))).toBe('invalid_payload');
    expect(readUserId(7)).toBe('7');
    expect(readConnectionId('a')).toBe('a');
    expect(codeOf(() => readConnectionId(7))).toBe('invalid_payload');
  });
});

describe('fields', () => {
  test.each([undefined, null, []])('%s has none', (payload) => {
    expect(readFields(payload, ['a'])).toEqual({});
  });
  test.each(['text', 5, true, [1]])('%s is no object', (payload) => {
    expect(codeOf(() => readFields(payload, ['a']))).toBe('invalid_payload');
  });
  test('unknown ones are refused', () => {
    expect(readFields({ a: 1 }, ['a'])).toEqual({ a: 1 });
    expect(codeOf(() => readFields({ a: 1, b: 2 }, ['a']))).toBe('invalid_payload');
  });
});

describe('join options', () => {
  test.each([undefined, null, true, 5, 'abc', [], {}, { other: 1 }, { status: undefined }])(
    '%s ask for nothing',
    (options) => {
      expect(readJoinOptions(options, 10)).toEqual({ status: undefined, sync: 'both', resume: undefined });
    },
  );
  test('reads all options', () => {
    expect(readJoinOptions({ status: false, sync: 'state', resume: 'id' }, 10)).toEqual({
      status: null,
      sync: 'state',
      resume: 'id',
    });
  });
  test("what does not fit is refused, or a game room's own", () => {
    for (const options of [{ sync: 5 }, { status: { hp: 3 } }, { sync: 'fast', status: 'x'.repeat(11) }]) {
      expect(codeOf(() => readJoinOptions(options, 10))).not.toBe('fine');
      expect(readJoinOptions(options, 10, true)).toEqual({ status: undefined, sync: 'both', resume: undefined });
    }
  });
});
