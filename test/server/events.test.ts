/** The events of one update for game code: the status of each connection, and of the user as a whole. */
import { expect, test } from 'vitest';
import { ServerEvents } from '../../src/server/events.ts';
import { makePresence } from '../support/presence.ts';
import { makeBox, type Box } from '../../src/core/box.ts';
import type { Change, Update } from '../../src/core/model.ts';

const box = (connectionId: string, status: string): Box =>
  makeBox(makePresence('ann', connectionId, status, undefined));
const change = (connectionId: string, before: string | null, after: string | null, local: boolean): Change => ({
  connectionId,
  ref: 0,
  before: before === null ? null : box(connectionId, before),
  after: after === null ? null : box(connectionId, after),
  local,
  stateBytes: undefined,
});
const update = (general: Update['general'], ...changes: Change[]): Update => ({
  user: { userId: 'ann', username: undefined } as Update['user'],
  changes,
  general,
  username: undefined,
  stateBytes: undefined,
});

function listening(): { events: ServerEvents; heard: unknown[]; reports: string[] } {
  const heard: unknown[] = [];
  const reports: string[] = [];
  const events = new ServerEvents((message) => {
    reports.push(message);
  });
  for (const type of ['online', 'offline', 'status'] as const) {
    events.on(type, (event) => {
      heard.push([type, event]);
    });
  }
  return { events, heard, reports };
}

test('what is absent is left out: before when it appears, after when it goes, a name that is not known', () => {
  const { events, heard } = listening();
  events.tell(update('online', change('c1', null, 'hi', true)));
  events.tell(update('offline', change('c1', 'hi', null, false)));
  const presence = { userId: 'ann', connectionId: 'c1', status: 'hi' };
  expect(heard).toStrictEqual([
    ['status', { userId: 'ann', connectionId: 'c1', after: presence, local: true }],
    ['online', { userId: 'ann', general: 'online', local: true }],
    ['status', { userId: 'ann', connectionId: 'c1', before: presence, local: false }],
    ['offline', { userId: 'ann', general: 'offline', local: false }],
  ]);
});

test('offline and unlogined are both told as offline; a user is local if one of the changes is', () => {
  const { events, heard } = listening();
  events.tell(update('unlogined', change('c1', 'a', null, false), change('c2', 'b', null, true)));
  expect(heard.at(-1)).toStrictEqual(['offline', { userId: 'ann', general: 'unlogined', local: true }]);
});

test('a listener that throws is reported; the others are called; one that has stopped is not', () => {
  const { events, heard, reports } = listening();
  events.on('status', () => {
    throw new Error('the push service is down');
  });
  const late: string[] = [];
  const stop = events.on('status', ({ connectionId }) => {
    late.push(connectionId);
  });
  events.tell(update(undefined, change('c1', null, 'a', true)));
  stop();
  stop();
  events.tell(update(undefined, change('c2', null, 'b', true)));
  expect(heard).toHaveLength(2);
  expect(late).toEqual(['c1']);
  expect(reports).toHaveLength(2);
  expect(reports[0]).toMatch(
    /^\[presence:listener_failed\] A listener for "status" threw: "Error: the push service is down[^\n]*$/,
  );
});
