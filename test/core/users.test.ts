import { beforeEach, describe, expect, test } from 'vitest';
import { NullCluster } from '../../src/cluster/null-cluster.ts';
import { OfflineMemory } from '../../src/core/offline-memory.ts';
import { Outbox } from '../../src/core/outbox.ts';
import { Refs } from '../../src/core/refs.ts';
import { Users } from '../../src/core/users.ts';
import { generalOf } from '../../src/status.ts';
import type { Register } from '../../src/core/registers.ts';
import type { User } from '../../src/core/model.ts';

const said = (seq: number, ...ids: string[]): Register => ({
  seq,
  username: 'Ann',
  entries: ids.map((connectionId) => ({ connectionId, status: `${connectionId} ${seq}`, setAt: seq })),
});

describe('users', () => {
  let users: Users;
  let outbox: Outbox;
  let announced: string[];
  let unwatched: string[];
  let taken: string[];
  let time: { now: number };
  let ann: User;

  class TestCluster extends NullCluster {
    override announce(...[userId]: string[]): void {
      announced.push(userId!);
    }
    override unwatch(...[userId]: string[]): void {
      unwatched.push(userId!);
    }
  }

  beforeEach(() => {
    [announced, unwatched, taken, time] = [[], [], [], { now: 1000 }];
    const cluster = new TestCluster('self');
    outbox = new Outbox({ now: () => time.now, defer: () => {}, later: () => {} });
    users = new Users({
      outbox,
      cluster: () => cluster,
      memory: new OfflineMemory(60_000, 10),
      now: () => time.now,
      refs: new Refs((id) => id.length),
      onTaken: (connectionId) => taken.push(connectionId),
      onChange: () => {},
    });
    ann = users.hold('ann').user;
  });

  const shown = (): Array<[id: string, status: string, owner: string | undefined]> =>
    [...ann.visible.values()].map(({ connectionId, box, owner }) => [connectionId, box.presence.status, owner]);

  test('a visible connection is in the register, with its match, and is announced', () => {
    users.show(ann, 'c', '{"matchId":"m1"}', 'Ann', { matchId: 'm1' });
    expect(users.register('ann')).toMatchObject({
      seq: 1,
      username: 'Ann',
      entries: [{ connectionId: 'c', matchId: 'm1', setAt: 1000 }],
    });
    expect(announced).toEqual(['ann']);
    expect([...users.announcedUsers()]).toEqual(['ann']);
    users.hide(ann, 'c', 'offline');
    expect(users.register('ann')).toMatchObject({ seq: 2, entries: [], last: 'offline' });
    expect(announced).toHaveLength(2);
    users.hide(ann, 'c', 'offline');
    expect(announced).toHaveLength(2);
  });

  test('the most recently set is last, here or elsewhere, also when two are set in one millisecond', () => {
    users.show(ann, 'a', 'one');
    users.show(ann, 'b', 'two');
    users.show(ann, 'a', 'three');
    users.others.applyRegister('ann', 'A', said(999, 'old'));
    expect(shown()).toEqual([
      ['old', 'old 999', 'A'],
      ['b', 'two', undefined],
      ['a', 'three', undefined],
    ]);
  });

  test('statuses set in one millisecond have an order for other processes, too', () => {
    users.show(ann, 'a', 'one');
    users.show(ann, 'b', 'two');
    const [first, second] = users.register('ann').entries;
    expect(second!.setAt).toBeGreaterThan(first!.setAt);
  });

  test('a register of another process is applied once, and dropped with the process', () => {
    users.others.applyRegister('ann', 'A', said(2, 'x'));
    users.others.applyRegister('ann', 'A', said(1, 'y'));
    expect([shown(), ann.username, generalOf(ann.visible.size, ann.last)]).toEqual([
      [['x', 'x 2', 'A']],
      'Ann',
      'online',
    ]);
    users.others.dropIncarnation('A');
    users.others.applyRegister('ann', 'A', said(2, 'x'));
    expect([shown(), generalOf(ann.visible.size, ann.last)]).toEqual([[], 'offline']);
    users.others.applyRegister('nobody', 'A', said(1, 'x'));
    expect(users.others.heardOf('nobody').size).toBe(0);
  });

  test('whatever is set here is newer than all that is known of the user, though the clock of another process is ahead', () => {
    users.others.applyRegister('ann', 'A', said(300_000, 'x'));
    users.show(ann, 'here', 'newest');
    expect(shown().map(([connectionId]) => connectionId)).toEqual(['x', 'here']);
    expect(ann.visible.get('here')?.setAt).toBe(300_001);
    time.now = 0; // this clock is set back
    users.show(ann, 'second', 'newer still');
    expect(ann.visible.get('second')?.setAt).toBe(300_002);
  });

  test('of connections that were set at once elsewhere, every process has the same order', () => {
    const order = (...first: string[]): string[] => {
      const user = users.hold(first.join('')).user;
      for (const [i, id] of first.entries()) {
        users.others.applyRegister(user.userId, `${i}`, {
          seq: 1,
          entries: [{ connectionId: id, status: '', setAt: 7 }],
        });
      }
      return [...user.visible.keys()];
    };
    expect(order('q', 'p', 'r')).toEqual(order('r', 'q', 'p'));
  });

  test('a connection in its grace can be taken over, whatever the clock of its process, and the old claim is retracted', () => {
    const away = (handoffUntil: number): Register => ({
      seq: 1,
      entries: [{ connectionId: 'x', status: 's', setAt: 1, handoffUntil }],
    });
    time.now = 300_000;
    users.others.applyRegister('ann', 'A', away(2000));
    expect(users.canTakeOver(ann, 'x')).toBe(true);
    users.takeOver(ann, 'x');
    expect(shown()).toEqual([['x', 's', undefined]]);
    expect(users.register('ann').entries).toMatchObject([{ connectionId: 'x', epoch: 1, handoffUntil: undefined }]);
    expect(users.others.retractedFrom('A')).toEqual(['ann']);
    expect(users.others.takeRetracted('ann', () => true)).toEqual([['A', { seq: 1, entries: [] }]]);
    expect(users.others.retractedFrom('A')).toEqual([]);
    users.handOff(ann, 'x', 1500);
    expect(users.canTakeOver(ann, 'x')).toBe(true);
    users.reclaim(ann, 'x');
    expect(users.canTakeOver(ann, 'x')).toBe(false);
    expect(users.register('ann').entries[0]?.handoffUntil).toBeUndefined();
  });

  test('a connection that another process took over later is not owned here any more', () => {
    users.show(ann, 'x', 'ours');
    users.others.applyRegister('ann', 'A', {
      seq: 1,
      entries: [{ connectionId: 'x', status: 'theirs', setAt: 1, epoch: 1 }],
    });
    expect([shown(), taken]).toEqual([[['x', 'theirs', 'A']], ['x']]);
    expect(users.register('ann').entries).toEqual([]);
  });

  test('registers get sequence numbers above those that others have received', () => {
    users.raiseSeq(7);
    users.raiseSeq(3);
    expect(users.register('ann').seq).toBe(8);
  });

  test('a record that nobody needs is forgotten, and the watch is closed', () => {
    const held = users.hold('bob');
    held.release();
    held.release();
    expect([users.byId.has('bob'), unwatched]).toEqual([false, ['bob']]);
  });
});
