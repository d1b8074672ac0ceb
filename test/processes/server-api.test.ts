/** The server API, called on one process about players on another. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fresh } from '../support/person.ts';
import { startCluster, type ServerProcess, type TestCluster } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const redis = await startRedis({ own: true });

describe.skipIf(redis === null)('the server API of another process', () => {
  let cluster: TestCluster;
  let a: ServerProcess;
  let b: ServerProcess;

  beforeAll(async () => {
    cluster = await startCluster(redis!, ['a', 'b']);
    [a, b] = [cluster.get('a'), cluster.get('b')];
  });
  afterEach(async () => {
    await cluster.clear();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test('follows, sets statuses, blocks and ends connections', async () => {
    const [annId, bobId] = [fresh('ann'), fresh('bob')];
    const ann = await cluster.player(a, annId, { status: 'on a' });
    const bob = await cluster.player(b, bobId, { status: 'on b' });
    await until(async () => (await b.stats())?.processes === 1, 'the processes to know each other');
    const shown = (): string | undefined =>
      ann
        .getSnapshot()
        .find(({ userId }) => userId === bobId)
        ?.connections.map(({ status }) => status)
        .join();

    expect(await b.api('follow', { userId: annId }, [bobId])).toEqual({
      connections: 1,
      processes: 2,
      complete: true,
    });
    await until(() => shown() === 'on b', 'the follow');
    await b.api('setStatus', { userId: annId }, 'set from b');
    await until(() => ann.me?.customStatus === 'set from b', 'the status of her');
    await a.api('setStatus', { connectionId: bob.connectionId }, 'set from a');
    await until(() => shown() === 'set from a', 'the status of him');

    await b.api('block', bobId, annId);
    await until(() => shown() === '', 'the block');
    await bob.setStatus('not for ann');
    await b.api('unblock', bobId, annId);
    await until(() => shown() === 'not for ann', 'the end of the block');

    const unfollowed: Array<readonly string[]> = [];
    ann.onFollowsChanged((_, removed) => {
      unfollowed.push(removed);
    });
    await b.api('unfollow', { userId: annId }, [bobId]);
    await until(() => ann.getSnapshot().length === 0, 'the end of the follow');
    expect(unfollowed).toEqual([[bobId]]);

    await b.api('disconnect', { userId: annId });
    await until(() => ann.connection === 'closed', 'her end');
    expect(bob.connection).toBe('online');
  });

  test('locks a status wherever the user is, comes back to or was not yet', async () => {
    const [annId, bobId] = [fresh('ann'), fresh('bob')];
    const bob = await cluster.player(b, bobId);
    await bob.follow([annId]);
    const ann = await cluster.player(a, annId, { status: 'on a' });
    await until(async () => (await b.stats())?.processes === 1, 'the processes to know each other');
    const shown = (): string =>
      bob
        .getSnapshot()
        .flatMap(({ connections }) => connections.map(({ status }) => status))
        .sort()
        .join();
    expect(await b.api('setStatus', { userId: annId }, 'Banned', { lock: true })).toEqual({
      connections: 1,
      processes: 2,
      complete: true,
      stored: true,
    });
    await until(() => shown() === 'Banned', 'the lock');
    await expect(ann.setStatus('not banned')).rejects.toMatchObject({ code: 'status_locked' });
    await cluster.player(b, annId, { status: 'on b' });
    await until(() => shown() === 'Banned,Banned', 'the lock on the other process');
    await a.api('unlockStatus', annId);
    await until(() => shown() === 'not banned,on b', 'the end of it');

    // Somebody whom no process knows: only the store can tell.
    const catId = fresh('cat');
    await a.api('setStatus', { userId: catId }, null, { lock: true });
    await bob.follow([catId]);
    const cat = await cluster.player(b, catId, { status: 'here' });
    expect(cat.me?.online).toBe(false);
    await a.api('unlockStatus', catId);
    await until(() => cat.me?.customStatus === 'here', 'the end of that');
  });

  test('knows who is online, their statuses and their number', async () => {
    const [annId, bobId, catId] = [fresh('ann'), fresh('bob'), fresh('cat')];
    await cluster.player(a, annId, { status: 'pc' });
    await cluster.player(b, annId, { status: 'phone' });
    await cluster.player(b, bobId, { status: 'on b' });
    await cluster.player(a, catId);
    for (const process of [a, b]) {
      await until(async () => {
        const online = await process.api('areOnline', [annId, bobId, catId, 'nobody']);
        return [...online.values()].join() === 'true,true,false,false';
      }, `${process.name} to know who is online`);
      const [ann, bob, cat] = await process.api('statuses', [annId, bobId, catId]);
      expect(ann?.presences.map(({ status }) => status).sort()).toEqual(['pc', 'phone']);
      expect(bob).toMatchObject({ general: 'online', customStatus: 'on b' });
      expect(cat).toMatchObject({ general: 'unlogined', presences: [] });
      await until(async () => {
        const { users, connections, online, processes, complete } = await process.api('countAll');
        return complete && [users, connections, online, processes].join() === '3,4,2,2';
      }, `${process.name} to count all`);
    }
  });

  test('explains, on any process, what a viewer on any process sees, and tells where a user is', async () => {
    const [annId, bobId, ghostId] = [fresh('ann'), fresh('bob'), fresh('ghost')];
    const ann = await cluster.person(a, annId);
    const bob = await cluster.person(b, bobId, { status: 'on b' }, 'lobby');
    await cluster.person(b, ghostId);
    for (const process of [a, b]) {
      await until(async () => (await process.stats())?.processes === 1, 'the processes to know each other');
    }
    await ann.follow([bobId, ghostId]);
    const reasons = async (userId: string): Promise<string[]> =>
      Promise.all([a, b].map(async (process) => (await process.api('explain', annId, userId)).reason));
    expect(await reasons(bobId)).toEqual(['visible', 'visible']);
    expect(await reasons(ghostId)).toEqual(['invisible', 'invisible']);
    await b.api('block', bobId, annId);
    await until(async () => (await reasons(bobId)).join() === 'blocked,blocked', 'the block on both processes');

    const [onA, onB] = [(await a.stats())!.incarnation, (await b.stats())!.incarnation];
    const report = await a.api('inspect', bobId);
    expect(report).toMatchObject({
      general: 'online',
      followers: 1,
      followedBy: [annId],
      processes: 2,
      complete: true,
    });
    expect(report.connections).toMatchObject([{ process: onB, roomName: 'lobby-b', roomId: bob.room.roomId }]);
    expect((await b.api('explain', annId, bobId)).views).toMatchObject([{ process: onA, follows: true }]);
    for (const process of [a, b]) {
      await until(async () => (await process.api('health')).state === 'up', `${process.name} to be well`);
    }
    expect(await a.api('health')).toMatchObject({ ok: true, processes: 2, lease: { held: true } });
  });
});
