import { beforeEach, describe, expect, test } from 'vitest';
import { queryUsers } from '../../src/core/query.ts';
import type { UserStatus } from '../../src/protocol.ts';
import type { Register, RegisterEntry } from '../../src/core/registers.ts';
import { CoreWorld, type Player } from './support/core-world.ts';

const entry = (connectionId: string, status: string, setAt: number, more: Partial<RegisterEntry> = {}) => ({
  connectionId,
  status,
  setAt,
  ...more,
});
const said = (
  incarnation: string,
  entries: RegisterEntry[],
  username?: string,
): { incarnation: string; register: Register } => ({
  incarnation,
  register: { seq: 1, entries, ...(username !== undefined && { username }) },
});
const brief = ({ userId, general, customStatus, presences }: UserStatus): string =>
  [userId, general, customStatus, ...presences.map(({ connectionId }) => connectionId)].join(' ').trim();

describe('a query', () => {
  let world: CoreWorld;
  let ann: Player;
  let bob: Player;
  const ask = async (userIds: string[], viewer: Player | null = ann): Promise<string[]> =>
    (await queryUsers(world.tracker, userIds, viewer?.connection)).map(brief);

  beforeEach(async () => {
    world = new CoreWorld();
    ann = await world.join('ann');
    bob = await world.join('bob');
    world.cluster.reads.length = 0;
  });

  test('answers each id once, in order; whom this process knows is not read', async () => {
    world.set(bob, 'playing');
    expect(await ask(['nobody', 'bob', 'nobody'])).toEqual(['nobody unlogined', 'bob online playing c2']);
    expect(world.cluster.reads).toEqual([['nobody']]);
    expect(await ask([])).toEqual([]);
    expect(await ask(['bob'])).toHaveLength(1);
    expect(world.cluster.reads).toHaveLength(1);
  });

  test('one who is elsewhere: the best claim of each connection, the most recently set last', async () => {
    world.cluster.remote.set('far', {
      registers: [
        said('A', [entry('x', 'old', 9), entry('y', 'latest', 8)], 'Far'),
        said('B', [entry('x', 'taken over', 7, { epoch: 1 })], 'Far'),
      ],
    });
    expect(await ask(['far'])).toEqual(['far online latest x y']);
    const [far] = await queryUsers(world.tracker, ['far'], ann.connection);
    expect(far?.presences.map(({ status, username }) => [status, username])).toEqual([
      ['taken over', 'Far'],
      ['latest', 'Far'],
    ]);
  });

  test('what is remembered counts, of the store before the own', async () => {
    world.set(bob, 'playing');
    world.tracker.disconnect(bob.connection, 'dropped');
    world.flush();
    expect(await ask(['bob'])).toEqual(['bob offline']);
    world.cluster.remote.set('bob', { registers: [], remembered: 'unlogined' });
    expect(await ask(['bob'])).toEqual(['bob unlogined']);
  });

  test('one who is here unseen is read as one who is not here; the own user is not', async () => {
    expect(await ask(['bob', 'nobody', 'ann'])).toEqual(['bob unlogined', 'nobody unlogined', 'ann unlogined']);
    expect(world.cluster.reads).toEqual([['bob', 'nobody']]);
  });

  test('one for whom somebody waits, here unseen or not here, is read on its own', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    world.cluster.watching = () => promise;
    const eve = await world.join('eve');
    const follow = world.follow(eve, 'bob', 'nobody');
    expect(await ask(['bob', 'nobody'])).toEqual(['bob unlogined', 'nobody unlogined']);
    resolve();
    await follow;
  });

  test('one who is hidden from the viewer is read, too, and answered as unseen', async () => {
    world.set(bob, 'playing');
    world.tracker.block('bob', 'ann', true);
    expect(await ask(['bob'])).toEqual(['bob unlogined']);
    expect(world.cluster.reads).toEqual([['bob']]);
    world.tracker.block('bob', 'ann', false);
    expect(await ask(['bob'])).toEqual(['bob online playing c2']);
  });

  test('one who is hidden from the viewer but followed by somebody here is not read', async () => {
    const eve = await world.join('eve');
    await world.follow(eve, 'bob');
    world.tracker.block('bob', 'ann', true);
    world.cluster.reads.length = 0;
    expect(await ask(['bob'])).toEqual(['bob unlogined']);
    expect(world.cluster.reads).toEqual([]);
  });

  test('a viewer sees what `redact` makes of it; without a viewer nothing is hidden', async () => {
    const eve = await world.join('eve', {
      redact: (_, presence) => (presence.status === 'secret' ? null : { ...presence, status: 'busy' }),
    });
    world.set(bob, 'playing');
    world.cluster.remote.set('far', { registers: [said('A', [entry('x', 'secret', 1)])] });
    expect(await ask(['bob', 'far'], eve)).toEqual(['bob online busy c2', 'far offline']);
    expect(await ask(['bob', 'far'], null)).toEqual(['bob online playing c2', 'far online secret x']);
  });

  test('nobody is offline as a guess: of whom the store cannot tell, only who is seen on a connection here is known', async () => {
    world.set(bob, 'here');
    world.tracker.users.hold('far');
    world.host.applyRegister('far', 'A', said('A', [entry('x', 'last seen', 1)]).register);
    ['bob', 'far', 'nobody', 'ann'].forEach((userId) => world.cluster.unknown.add(userId));
    expect(await ask(['bob', 'far', 'nobody', 'ann'])).toEqual([
      'bob online here c2',
      'far unknown',
      'nobody unknown',
      // A viewer's own status is what its own connections are.
      'ann unlogined',
    ]);
    expect(await ask(['bob', 'far', 'ann'], null)).toEqual(['bob online here c2', 'far unknown', 'ann unknown']);
    world.cluster.unknown.clear();
    expect(await ask(['far', 'nobody'])).toEqual(['far online last seen x', 'nobody unlogined']);
  });

  test('one who is hidden or invisible here is as unknown as nobody', async () => {
    const eve = await world.join('eve');
    world.set(bob, 'here');
    world.tracker.block('bob', 'ann', true);
    ['bob', 'eve', 'nobody'].forEach((userId) => world.cluster.unknown.add(userId));
    expect(await ask(['bob', 'eve', 'nobody'])).toEqual(['bob unknown', 'eve unknown', 'nobody unknown']);
    await world.follow(eve, 'bob');
    expect(await ask(['bob'])).toEqual(['bob unknown']);
  });

  test('one who becomes visible or is followed while the store is read is answered as this process knows it', async () => {
    let read = (): void => {};
    world.cluster.reading = () => new Promise((resolve) => (read = resolve));
    const answer = ask(['bob']);
    world.set(bob, 'here now');
    read();
    expect(await answer).toEqual(['bob online here now c2']);
  });

  test('whatever comes of it, no record is kept for it', async () => {
    world.set(bob, 'playing');
    world.cluster.reading = () => Promise.reject(new Error('unreachable'));
    await expect(ask(['bob', 'far'])).rejects.toThrow('unreachable');
    expect(world.tracker.users.byId.get('bob')?.pins).toBe(0);
    expect([...world.tracker.users.byId.keys()]).toEqual(['ann', 'bob']);
  });
});
