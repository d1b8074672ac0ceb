import { describe, expect, test } from 'vitest';
import { comeBack, drop } from '../support/drop.ts';
import { expectSound, FORMS, person, ROOMS, settle } from '../support/person.ts';
import { startServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const FRIENDS = Array.from({ length: 30 }, (_, i) => `friend${i}`);

describe.each(ROOMS)('rule 11, in a %s room', (room) => {
  test.each(FORMS)('a follow of many by %s answers with all of them and sends no delta', async (form) => {
    const server = await startServer({ rateLimit: 1000 });
    try {
      await Promise.all(FRIENDS.map(async (id) => person(server, id, room, { status: 'here' })));
      const ann = await person(server, 'ann', room, { status: '' });
      await settle(ann);
      ann.clear();
      const { presences } = await ann.follow(FRIENDS, form);
      await settle(ann);
      expect(new Set(presences.map(({ userId }) => userId))).toEqual(new Set(FRIENDS));
      expect(ann.deltas).toEqual([]);
      expect(ann.snapshots).toEqual([]);
      expect(ann.heard.map(({ kind }) => kind).sort()).toEqual(
        [form === 'request' ? 'response' : 'message', 'patch', 'response'].sort(),
      );
    } finally {
      await server.stop();
    }
  });

  test('neither a reconnection nor friends from the server come as joins, but as one snapshot each', async () => {
    const server = await startServer({
      rateLimit: 1000,
      resolveFollows: (viewer) => (viewer.userId === 'ann' ? FRIENDS : []),
    });
    try {
      await Promise.all(FRIENDS.map(async (id) => person(server, id, room, { status: 'here' })));
      const ann = await person(server, 'ann', room);
      ann.reconnectFast();
      await until(() => ann.snapshots.length > 0, 'the snapshot');
      await settle(ann);
      expect(ann.deltas).toEqual([]);
      expect(ann.snapshots).toHaveLength(1);
      expect(new Set(ann.snapshots[0]?.presences.map(({ userId }) => userId))).toEqual(new Set(FRIENDS));
      expect(ann.snapshots[0]).not.toHaveProperty('complete');
      expect(Object.keys(ann.state.users)).toHaveLength(FRIENDS.length);
      ann.clear();
      await drop(ann);
      await comeBack(ann);
      await until(() => ann.snapshots.length > 0, 'the snapshot');
      await settle(ann);
      expect(ann.deltas).toEqual([]);
      expect(ann.snapshots).toHaveLength(1);
      expectSound(ann);
    } finally {
      await server.stop();
    }
  });
});
