import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drop } from '../support/drop.ts';
import { expectSound, fresh, person, ROOMS, settle, type Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

const ENDS: ReadonlyArray<[string, (one: Person) => Promise<void>, 'offline' | 'unlogined']> = [
  [
    'leaves',
    async (one) => {
      await one.leave();
    },
    'unlogined',
  ],
  [
    'drops',
    async (one) => {
      await drop(one, true);
    },
    'offline',
  ],
  [
    'clears its status',
    async (one) => {
      await one.setStatus(null);
    },
    'offline',
  ],
];

describe.each(ROOMS)('rule 5, in a %s room', (room) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ rateLimit: 1000, graceSeconds: 0 });
  });
  afterAll(async () => {
    await server.stop();
  });

  test.each(ENDS)('one of two connections %s: only its presence leaves, and the user stays online', async (_, end) => {
    const [bobId, annId] = [fresh('bob'), fresh('ann')];
    const pc = await person(server, bobId, room, { status: 'pc' });
    const phone = await person(server, bobId, room, { status: 'phone' });
    const ann = await person(server, annId, room);
    await ann.follow([bobId]);
    const [gone, stays] = [await pc.connectionId(), await phone.connectionId()];
    await end(pc);
    await until(() => ann.deltas.length > 0, 'the leave');
    await settle(ann);
    expect(ann.deltas).toEqual([{ joins: [], leaves: [{ userId: bobId, connectionId: gone, status: 'pc' }] }]);
    expect(ann.state.users[bobId]?.general).toBe('online');
    expect(Object.keys(ann.state.users[bobId]?.connections ?? {})).toEqual([stays]);
    expect((await ann.ask('presence:query', { userIds: [bobId] })).users).toEqual([
      {
        userId: bobId,
        general: 'online',
        customStatus: 'phone',
        presences: [{ userId: bobId, connectionId: stays, status: 'phone' }],
      },
    ]);
    expectSound(ann);
  });

  test.each(ENDS)(
    'the last visible connection %s: the user is gone, though an invisible one remains',
    async (_, end, general) => {
      const [bobId, annId] = [fresh('bob'), fresh('ann')];
      const hidden = await person(server, bobId, room);
      const pc = await person(server, bobId, room, { status: 'pc' });
      const ann = await person(server, annId, room);
      await ann.follow([bobId]);
      const connectionId = await pc.connectionId();
      await end(pc);
      await until(() => ann.deltas.length > 0, 'the leave');
      expect(ann.deltas).toEqual([
        { joins: [], leaves: [{ userId: bobId, connectionId, status: 'pc' }], users: [{ userId: bobId, general }] },
      ]);
      await settle(ann, hidden);
      expect(ann.state.users[bobId]).toMatchObject({ general, connections: {} });
    },
  );

  test('an invisible connection that goes is heard by nobody', async () => {
    const [bobId, annId] = [fresh('bob'), fresh('ann')];
    const pc = await person(server, bobId, room, { status: 'pc' });
    const hidden = await person(server, bobId, room);
    const ann = await person(server, annId, room);
    await ann.follow([bobId]);
    await settle(ann);
    const frames = ann.frames.length;
    await hidden.leave();
    await settle(pc, ann);
    expect(ann.frames.length - frames).toBe(1); // the reply of settle
  });

  test('both leave in the same turn: one delta with both leaves', async () => {
    const [bobId, annId] = [fresh('bob'), fresh('ann')];
    const [pc, phone] = [
      await person(server, bobId, room, { status: 'pc' }),
      await person(server, bobId, room, { status: 'phone' }),
    ];
    const ann = await person(server, annId, room);
    await ann.follow([bobId]);
    await Promise.all([pc.leave(), phone.leave()]);
    await until(() => ann.sees(bobId).length === 0, 'both to be gone');
    await settle(ann);
    expect(ann.deltas.at(-1)?.users).toEqual([{ userId: bobId, general: 'unlogined' }]);
    expect(ann.deltas.flatMap(({ users }) => users ?? [])).toHaveLength(1);
    expectSound(ann);
  });
});
