import { describe, expect, test } from 'vitest';
import { bestClaim, outranks, Registers, type Claim, type Register } from '../../src/core/registers.ts';

const claim = (incarnation: string, epoch: number, away: boolean, setAt: number): Claim => ({
  incarnation,
  entry: { connectionId: 'x', status: '', epoch, setAt, ...(away && { handoffUntil: 1_000_000 }) },
});
const said = (seq: number, ...ids: string[]): Register => ({
  seq,
  entries: ids.map((connectionId) => ({ connectionId, status: `${connectionId} ${seq}`, setAt: seq })),
});
const idsOf = (registers: Registers, from: string): string[] | undefined =>
  registers.others.get(from)?.entries.map(({ connectionId }) => connectionId);

describe('registers of the processes about a user', () => {
  test('a later register replaces an earlier one; an older one, or the same again, is nothing new', () => {
    const registers = new Registers('self');
    expect(registers.merge('A', said(2, 'x', 'y'))?.changed).toEqual(['x', 'y']);
    expect(registers.merge('A', said(1, 'z'))).toBeUndefined();
    expect(registers.merge('A', said(2, 'x', 'y'))).toBeUndefined();
    expect(registers.merge('A', said(3, 'z', 'x'))?.changed).toEqual(['z', 'x', 'y']);
    expect(idsOf(registers, 'A')).toEqual(['z', 'x']);
    expect(registers.winner('x')).toMatchObject({ incarnation: 'A', entry: { status: 'x 3' } });
    expect(registers.winner('y')).toBeUndefined();
  });

  test('of two registers with the same number only the common entries count, in any order and however often', () => {
    const parts = [said(1, 'x', 'y', 'z'), said(1, 'x', 'y'), said(1, 'y', 'z')];
    for (const order of [parts, parts.toReversed(), [...parts, ...parts]]) {
      const registers = new Registers('self');
      for (const part of order) {
        registers.merge('A', part);
      }
      expect(idsOf(registers, 'A')).toEqual(['y']);
    }
  });

  test('a removed entry does not come back with the same sequence number, but with a later one', () => {
    const registers = new Registers('self');
    registers.merge('A', said(1, 'x', 'y'));
    expect(registers.merge('A', said(1))?.changed).toEqual(['x', 'y']);
    expect(registers.merge('A', said(1, 'x', 'y'))).toBeUndefined();
    expect(registers.merge('A', said(2, 'x'))?.changed).toEqual(['x']);
  });

  test('a dropped process has no register any more, and its late messages are ignored', () => {
    const registers = new Registers('self');
    registers.merge('A', said(5, 'x'));
    registers.merge('B', said(1, 'x'));
    expect(registers.drop('A')).toEqual(['x']);
    expect(registers.drop('nobody')).toEqual([]);
    expect(registers.merge('A', said(5, 'x'))).toBeUndefined();
    expect(registers.winner('x')?.incarnation).toBe('B');
    expect([...registers.others.keys()]).not.toContain('nobody');
    expect(registers.merge('A', said(6, 'x'))).toBeDefined();
  });

  test('above 16 processes, one without entries is forgotten, and no other', () => {
    const registers = new Registers('self');
    for (let i = 0; i < 16; i++) {
      expect(registers.merge(`P${i}`, i === 3 || i === 5 ? said(1) : said(1, `c${i}`))?.forgotten).toBeUndefined();
    }
    expect(registers.merge('P16', said(1, 'c16'))?.forgotten).toBe('P3');
    expect(registers.merge('P17', said(1, 'c17'))?.forgotten).toBe('P5');
    expect(registers.merge('P18', said(1, 'c18'))?.forgotten).toBeUndefined();
    expect(registers.others.size).toBe(17);
  });
});

describe('the connections of this process', () => {
  const here = (connectionId: string, setAt = 1) => ({ connectionId, status: 'here', setAt });

  test('are added to and removed from the register; the latest is last', () => {
    const registers = new Registers('self');
    expect(registers.hasOwn).toBe(false);
    expect(registers.unsay('x')).toBe(false);
    registers.say(here('x'));
    registers.say(here('y'));
    registers.say(here('x', 2));
    expect([...registers.own]).toEqual([here('y'), here('x', 2)]);
    expect(registers.winner('x')).toEqual({ incarnation: 'self', entry: here('x', 2) });
    expect(registers.unsay('x')).toBe(true);
    expect(registers.winner('x')).toBeUndefined();
    expect(registers.ownEntry('y')).toEqual(here('y'));
    expect(registers.hasOwn).toBe(true);
  });

  test('belong to the process that took them over later', () => {
    const registers = new Registers('self');
    registers.say(here('x'));
    registers.merge('A', { seq: 1, entries: [{ ...here('x', 0), epoch: 1 }] });
    expect(registers.winner('x')?.incarnation).toBe('A');
  });

  test('a taken over connection is removed from the registers of the others, and each removal is published once', () => {
    const registers = new Registers('self');
    registers.merge('A', said(1, 'x', 'y'));
    registers.merge('B', said(1, 'z'));
    registers.retract('x');
    expect(idsOf(registers, 'A')).toEqual(['y']);
    expect([registers.isRetracted('A'), registers.isRetracted('B')]).toEqual([true, false]);
    expect(registers.merge('A', said(1, 'x', 'y'))).toBeUndefined();
    expect(registers.takeRetracted(() => false)).toEqual([]);
    expect(registers.takeRetracted(() => true)).toEqual([['A', said(1, 'y')]]);
    expect(registers.takeRetracted(() => true)).toEqual([]);
  });

  test('nothing is published for a process that has sent a newer register, or is gone', () => {
    const registers = new Registers('self');
    registers.merge('A', said(1, 'x'));
    registers.merge('B', said(1, 'x'));
    registers.retract('x');
    registers.merge('A', said(2));
    registers.drop('B');
    expect(registers.takeRetracted(() => true)).toEqual([]);
  });

  test('an invisible connection here is not shown because of the process it was taken over from', () => {
    const registers = new Registers('self');
    registers.hold('x', 2);
    registers.merge('A', { seq: 1, entries: [{ ...here('x'), epoch: 1 }] });
    expect(registers.winner('x')).toBeUndefined();
    registers.merge('B', { seq: 1, entries: [{ ...here('x'), epoch: 3 }] });
    expect(registers.winner('x')?.incarnation).toBe('B');
    registers.drop('B');
    registers.letGo('x');
    expect([registers.epochOf('x'), registers.winner('x')?.incarnation]).toEqual([0, 'A']);
  });
});

describe('which process owns a connection', () => {
  test.each<[why: string, right: Claim, wrong: Claim]>([
    ['the process that has the player, whatever the other claims', claim('a', 0, false, 1), claim('b', 9, true, 9)],
    ['of two that have it, who took it over last', claim('a', 2, false, 1), claim('b', 1, false, 9)],
    ['of two that wait for it, who took it over last', claim('a', 2, true, 1), claim('b', 1, true, 9)],
    ['then who has the later status', claim('a', 1, false, 2), claim('b', 1, false, 1)],
    ['then the same for everybody', claim('b', 1, false, 1), claim('a', 1, false, 1)],
  ])('is settled: %s', (_why, right, wrong) => {
    expect(outranks(right, wrong)).toBe(true);
    expect(outranks(wrong, right)).toBe(false);
  });

  test('is decided consistently among any three claims', () => {
    const all = ['a', 'b', 'c'].flatMap((incarnation) =>
      [0, 1].flatMap((epoch) =>
        [true, false].flatMap((away) => [1, 2].map((setAt) => claim(incarnation, epoch, away, setAt))),
      ),
    );
    for (const a of all) {
      for (const b of all) {
        if (a !== b) {
          expect(outranks(a, b)).toBe(!outranks(b, a));
        }
        for (const c of all) {
          if (a !== b && b !== c && a !== c && outranks(a, b) && outranks(b, c)) {
            expect(outranks(a, c)).toBe(true);
          }
        }
      }
    }
  });

  test('is found in any order of the registers; a connection in no register has no owner', () => {
    const registers: Array<[string, Register]> = [
      ['a', { seq: 1, entries: [{ connectionId: 'x', status: 'old', setAt: 5, handoffUntil: 99 }] }],
      [
        'b',
        {
          seq: 1,
          entries: [
            { connectionId: 'y', status: 'other', setAt: 9 },
            { connectionId: 'x', status: 'new', setAt: 5, epoch: 1 },
          ],
        },
      ],
      ['c', { seq: 7, entries: [] }],
    ];
    for (const order of [registers, [...registers].reverse()]) {
      expect(bestClaim(order, 'x')).toEqual({ incarnation: 'b', entry: registers[1]![1].entries[1] });
      expect(bestClaim(order, 'z')).toBeUndefined();
    }
  });
});
