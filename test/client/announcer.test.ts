import { describe, expect, test } from 'vitest';
import { Announcer } from '../../src/client/announcer.ts';
import type { Transition } from '../../src/client/transition.ts';

const quiet: Transition = { delta: null, statuses: [], added: [], removed: [], changed: false };

function listen(announcer: Announcer): string[] {
  const heard: string[] = [];
  announcer.changed.add(() => heard.push('changed'));
  announcer.follows.add((added, removed) => heard.push(`follows +${added.join()} -${removed.join()}`));
  announcer.deltas.add(({ joins }) => heard.push(`delta ${joins.length}`));
  announcer.statuses.add((changes) => heard.push(`statuses ${changes.length}`));
  announcer.connection.add((state) => heard.push(state));
  return heard;
}

describe('Announcer', () => {
  test('tells everybody in one order: the list first', () => {
    const announcer = new Announcer();
    const heard = listen(announcer);
    announcer.announce({
      delta: { joins: [], leaves: [] },
      statuses: [{ userId: 'bob', general: 'online', customStatus: '', me: false }],
      added: ['bob'],
      removed: ['cat'],
      changed: true,
    });
    expect(heard).toEqual(['changed', 'follows +bob -cat', 'delta 0', 'statuses 1']);
  });

  test('tells nobody what does not concern them', () => {
    const announcer = new Announcer();
    const heard = listen(announcer);
    announcer.announce(quiet);
    announcer.announce({ ...quiet, changed: true });
    announcer.announce({ ...quiet, removed: ['bob'] });
    expect(heard).toEqual(['changed', 'follows + -bob']);
  });

  test('tells of a connection that may have made the list stale, and nothing once it is cleared', () => {
    const announcer = new Announcer();
    const heard = listen(announcer);
    announcer.announceState('reconnecting', undefined);
    announcer.clear();
    announcer.announceState('online', undefined);
    announcer.announce({ ...quiet, changed: true });
    expect(heard).toEqual(['reconnecting', 'changed']);
  });
});
