import { describe, expect, it } from 'vitest';
import { diffPresences } from '../../src/client/diff.ts';
import { presence } from './fakes.ts';

const pc = presence('bob', 'a', { connectionId: 'pc' });
const phone = presence('bob', 'b', { connectionId: 'phone' });

describe('diffPresences', () => {
  it('is empty for equal contents in other objects', () => {
    expect(diffPresences([pc, phone], [{ ...phone }, { ...pc }])).toEqual({ joins: [], leaves: [] });
  });

  it('tells several arrivals in their order, the newest status last', () => {
    expect(diffPresences([], [pc, phone]).joins).toEqual([pc, phone]);
    expect(diffPresences([], [phone, pc]).joins).toEqual([phone, pc]);
  });

  it('tells arrivals and departures', () => {
    expect(diffPresences([pc], [phone])).toEqual({ joins: [phone], leaves: [pc] });
    expect(diffPresences([], [pc])).toEqual({ joins: [pc], leaves: [] });
    expect(diffPresences([pc], [])).toEqual({ joins: [], leaves: [pc] });
  });

  it.each([
    { ...pc, status: 'c' },
    { ...pc, matchId: 'm' },
    { ...pc, username: 'Bob' },
  ])('tells a change as leave and join of the same connection: %j', (changed) => {
    expect(diffPresences([pc, phone], [changed, phone])).toEqual({ joins: [changed], leaves: [pc] });
  });
});
