import { beforeEach, describe, expect, it } from 'vitest';
import { Superseded } from '../../src/cluster/superseded.ts';

const register = (seq: number) => ({ seq, entries: [] });

describe('what is said in the place of processes that have left', () => {
  let superseded: Superseded;
  beforeEach(() => {
    superseded = new Superseded();
    superseded.add('ann', 'A', register(3.25));
    superseded.add('ann', 'B', register(7.25));
    superseded.add('bob', 'A', register(4.25));
  });

  it('is said once, and only of those that have left', () => {
    expect(superseded.take('ann', (incarnation) => incarnation === 'A')).toEqual([['A', register(3.25)]]);
    expect(superseded.take('ann', () => true)).toEqual([['B', register(7.25)]]);
    expect(superseded.take('ann', () => true)).toEqual([]);
    expect(superseded.usersOf('A')).toEqual(['bob']);
  });

  it('is not said of one that has spoken for itself since', () => {
    superseded.heard('ann', 'A', 3);
    superseded.heard('nobody', 'A', 9);
    superseded.heard('ann', 'nobody', 9);
    expect(superseded.usersOf('A')).toEqual(['ann', 'bob']);
    superseded.heard('ann', 'A', 4);
    expect(superseded.usersOf('A')).toEqual(['bob']);
  });

  it('is forgotten with the user, and with the process', () => {
    superseded.forget('ann');
    expect(superseded.take('ann', () => true)).toEqual([]);
    superseded.drop('A');
    expect(superseded.usersOf('A')).toEqual([]);
    expect(superseded.take('bob', () => true)).toEqual([]);
  });
});
