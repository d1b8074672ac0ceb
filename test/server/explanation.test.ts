/** What several processes know of a viewer and a user, put together. */
import { expect, test } from 'vitest';
import { explanationOf } from '../../src/server/explanation.ts';
import type { Sight, ViewReason } from '../../src/core/explain.ts';
import type { ExplainReason } from '../../src/index.ts';
import type { GeneralStatus } from '../../src/protocol.ts';

const sight = (reason: ViewReason, connectionId = 'c'): Sight => ({
  connectionId,
  reason,
  follows: true,
  delivery: 'live',
  general: 'offline',
  presences: [],
  redacted: 0,
});

const reasonOf = (
  general: GeneralStatus,
  complete: boolean,
  ...shares: Array<[views: ViewReason[], connections?: number, invisible?: number]>
): ExplainReason =>
  explanationOf(
    { userId: 'bob', general, customStatus: '', presences: [] },
    {
      complete,
      byProcess: new Map(
        shares.map(([views, connections = 0, invisible = 0], at) => [
          `p${at}`,
          { views: views.map((reason) => sight(reason)), connections, invisible },
        ]),
      ),
    },
  ).reason;

test.each<[ExplainReason, Parameters<typeof reasonOf>]>([
  ['visible', ['online', true, [['not_followed']], [['visible']]]],
  ['blocked', ['online', true, [['blocked', 'not_followed']]]],
  ['offline', ['offline', true, [['unseen']]]],
  ['unlogined', ['unlogined', true, [['unseen']]]],
  // Connected, on a process where the viewer is not.
  ['invisible', ['offline', true, [['unseen']], [[], 1, 1]]],
  // Visible to the store, but it has not been heard of where the viewer is.
  ['unknown', ['online', true, [['unseen']]]],
  ['unknown', ['unknown', true, [['unknown']]]],
  ['viewer_offline', ['online', true, [[]], [[], 1]]],
  // A process that has not answered may have the viewer.
  ['unknown', ['online', false, [[]]]],
])('%s', (reason, given) => {
  expect(reasonOf(...given)).toBe(reason);
});
