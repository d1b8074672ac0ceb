import { describe, expect, test } from 'vitest';
import { newEntry } from '../../src/client/entry.ts';
import { diffPresences, Recorder } from '../../src/client/transition.ts';
import { presence } from './fakes.ts';

const pc = presence('bob', 'a', { connectionId: 'pc' });
const phone = presence('bob', 'b', { connectionId: 'phone' });

describe('diffPresences', () => {
  test('is empty for equal contents in other objects', () => {
    expect(diffPresences([pc, phone], [{ ...phone }, { ...pc }])).toEqual({ joins: [], leaves: [] });
  });

  test('tells several arrivals in their order, the newest status last', () => {
    expect(diffPresences([], [pc, phone]).joins).toEqual([pc, phone]);
    expect(diffPresences([], [phone, pc]).joins).toEqual([phone, pc]);
  });

  test('tells arrivals and departures', () => {
    expect(diffPresences([pc], [phone])).toEqual({ joins: [phone], leaves: [pc] });
    expect(diffPresences([], [pc])).toEqual({ joins: [pc], leaves: [] });
    expect(diffPresences([pc], [])).toEqual({ joins: [], leaves: [pc] });
  });

  test.each([
    { ...pc, status: 'c' },
    { ...pc, matchId: 'm' },
    { ...pc, username: 'Bob' },
  ])('tells a change as leave and join of the same connection: %j', (changed) => {
    expect(diffPresences([pc, phone], [changed, phone])).toEqual({ joins: [changed], leaves: [pc] });
  });
});

describe('Recorder', () => {
  test('says nothing about users that look as before', () => {
    const step = new Recorder();
    const bob = newEntry('bob', 'client');
    step.watch(bob);
    step.addGeneralChanges();
    expect(step.finish('me')).toEqual({ delta: null, statuses: [], added: [], removed: [], changed: false });
  });

  test('compares with how a user looked when first watched', () => {
    const step = new Recorder();
    const bob = newEntry('bob', 'client');
    step.watch(bob);
    bob.connections.set('pc', pc);
    step.watch(bob);
    bob.connections.set('phone', phone);
    step.addGeneralChanges();
    expect(step.finish('me')).toMatchObject({
      delta: { joins: [], leaves: [], users: [{ userId: 'bob', general: 'online' }] },
      statuses: [{ userId: 'bob', general: 'online', customStatus: 'b', me: false }],
    });
  });

  test('marks the own user', () => {
    const step = new Recorder();
    const own = newEntry('me', 'server');
    step.watch(own);
    own.last = 'unlogined';
    expect(step.finish('me').statuses).toEqual([{ userId: 'me', general: 'unlogined', customStatus: '', me: true }]);
  });
});
