import { expect, test } from 'vitest';
import { Asks } from '../../src/cluster/asks.ts';
import { Peers } from '../../src/cluster/peers.ts';
import { makeParts } from './support/parts.ts';

function setup() {
  const { clock, store, sweeper } = makeParts('self');
  const peers = new Peers({ incarnation: 'self', leaseMs: 60_000, clock, store, sweeper, onGone: () => true });
  return { peers, asks: new Asks(peers) };
}

test('each process is asked once for each user, above the highest number known of it', () => {
  const { peers, asks } = setup();
  peers.heard('A');
  peers.heard('B');
  asks.add('A', 'ann', 7);
  asks.add('A', 'bob', 3);
  asks.add('A', 'ann', 5);
  asks.add('B', 'ann', 1);
  expect([...asks.take()].map(([to, { userIds, above }]) => [to, [...userIds], above])).toEqual([
    ['A', ['ann', 'bob'], 7],
    ['B', ['ann'], 1],
  ]);
  expect(asks.take().size).toBe(0);
});

test('a process that is gone, leaves or is not known is not asked', () => {
  const { peers, asks } = setup();
  for (const incarnation of ['gone', 'leaving']) {
    peers.heard(incarnation);
  }
  peers.left('gone', undefined);
  peers.left('leaving', 5000);
  for (const incarnation of ['gone', 'leaving', 'unknown']) {
    asks.add(incarnation, 'ann', 1);
  }
  expect(asks.take().size).toBe(0);
});
