import { describe, expect, test } from 'vitest';
import { bestClaim, outranks, type Claim } from '../../src/core/claims.ts';
import type { Register } from '../../src/core/ports.ts';

const claim = (incarnation: string, takeovers: number, away: boolean, setAt: number): Claim => ({
  incarnation,
  entry: { takeovers, setAt, handoverUntil: away ? 1_000_000 : undefined },
});

describe('whose a connection is', () => {
  test.each<[why: string, right: Claim, wrong: Claim]>([
    ['who has the player, whatever the other says', claim('a', 0, false, 1), claim('b', 9, true, 9)],
    ['of two that have it, who took it over last', claim('a', 2, false, 1), claim('b', 1, false, 9)],
    ['of two that wait for it, who took it over last', claim('a', 2, true, 1), claim('b', 1, true, 9)],
    ['then who has the later status', claim('a', 1, false, 2), claim('b', 1, false, 1)],
    ['then the same for everybody', claim('b', 1, false, 1), claim('a', 1, false, 1)],
  ])('is settled: %s', (_why, right, wrong) => {
    expect(outranks(right, wrong)).toBe(true);
    expect(outranks(wrong, right)).toBe(false);
  });

  test('is settled without contradiction, whichever three claim it', () => {
    const all = ['a', 'b', 'c'].flatMap((incarnation) =>
      [0, 1].flatMap((takeovers) =>
        [true, false].flatMap((away) => [1, 2].map((setAt) => claim(incarnation, takeovers, away, setAt))),
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

  test('is found among the registers in any order; nobody claims what nobody says', () => {
    const registers: Array<[string, Register]> = [
      ['a', { seq: 1, entries: [{ connectionId: 'x', status: 'old', setAt: 5, handoverUntil: 99 }] }],
      [
        'b',
        {
          seq: 1,
          entries: [
            { connectionId: 'y', status: 'other', setAt: 9 },
            { connectionId: 'x', status: 'new', setAt: 5, takeovers: 1 },
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
