import { describe, expect, test } from 'vitest';
import { FORMATS, Formats } from '../../src/cluster/formats.ts';
import { NEXT } from './support/next-format.ts';

const BOTH = [...FORMATS, NEXT] as const;
const message = { v: 1, f: 'A', kind: 'beat', n: 1 };

function setup(formats: ConstructorParameters<typeof Formats>[1] = BOTH) {
  const lines: string[] = [];
  const note = (line: string): void => {
    lines.push(line);
  };
  return { lines, formats: new Formats({ info: note, warn: note, error: note }, formats) };
}

describe('the version that is written', () => {
  test('is the oldest until everybody has been heard', () => {
    const { formats } = setup();
    formats.heard('A', 2);
    expect([formats.choose(new Set(['A']), false), formats.current, formats.newest]).toEqual([false, 1, 2]);
    expect([formats.choose(new Set(['A']), true), formats.current]).toEqual([true, 2]);
  });

  test('is what every other process reads', () => {
    const { formats } = setup();
    formats.choose(new Set(), true);
    formats.heard('A', 2);
    formats.heard('B', 1);
    expect([formats.choose(new Set(['A', 'B']), true), formats.current]).toEqual([true, 1]);
    expect([formats.choose(new Set(['A']), true), formats.current]).toEqual([true, 2]);
    expect(formats.choose(new Set(['A']), true)).toBe(false);
    // A process of the same name that has not been heard may read only the oldest.
    expect([formats.choose(new Set(['A', 'B']), true), formats.current]).toEqual([true, 1]);
  });

  test('is the oldest for a process that is two releases behind', () => {
    const { formats } = setup([NEXT]);
    formats.heard('A', 1);
    formats.choose(new Set(['A']), true);
    expect(formats.current).toBe(2);
  });
});

describe('an envelope', () => {
  test('goes out in the current version, and comes back from each', () => {
    const { formats } = setup();
    const old = formats.seal(message);
    formats.choose(new Set(), true);
    const sealed = formats.seal(message);
    expect(old).toEqual(message);
    expect(sealed).toMatchObject({ v: 2, f: 'A' });
    expect(sealed).not.toHaveProperty('n');
    expect([formats.open(old), formats.open(sealed)]).toEqual([message, message]);
  });

  test('that is not what its version says is none', () => {
    expect(setup().formats.open({ v: 2, f: 'A' })).toBeNull();
  });

  test('of a version that is not read is none, and its process is named once', () => {
    const { formats, lines } = setup();
    for (const v of [3, 3, 4]) {
      expect(formats.open({ ...message, v })).toBeNull();
    }
    formats.open({ ...message, f: 'B', v: 0 });
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(
      'Process "A" writes version 3 of the format between processes, and this one reads only 1 and 2',
    );
    expect(lines[1]).toContain('Process "B" writes version 0');
  });

  test('of nobody is not named, nor are processes without number', () => {
    const { formats, lines } = setup();
    for (const value of [null, 'text', { v: 9 }, { v: 9, f: '' }, { v: 'x', f: 'A' }, { f: 'A' }]) {
      expect(formats.open(value)).toBeNull();
    }
    expect(lines).toEqual([]);
    for (let i = 0; i < 1000; i++) {
      formats.open({ v: 9, f: `process ${i}` });
    }
    expect(lines).toHaveLength(100);
  });
});
