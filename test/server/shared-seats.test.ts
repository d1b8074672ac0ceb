/** Several processes over one store; each has its own `Seats`. */
import { LocalPresence } from '@colyseus/core';
import { beforeEach, expect, test } from 'vitest';
import { Seats } from '../../src/server/seats.ts';
import { SharedSeats } from '../../src/server/shared-seats.ts';
import type { JoinReply } from '../../src/protocol.ts';

const MATCH = 'room:1';
let store: LocalPresence;
let reserved: string[];
let waiting: Set<string>;
let asks: string[];

beforeEach(() => {
  store = new LocalPresence();
  reserved = [];
  waiting = new Set();
  asks = [];
});

const seat = (sessionId: string): JoinReply => ({ name: 'match', sessionId, roomId: MATCH, processId: 'p' });

function process(): Seats {
  const isWaiting = async ({ sessionId }: JoinReply): Promise<boolean> => {
    asks.push(sessionId);
    return Promise.resolve(waiting.has(sessionId));
  };
  return new Seats(isWaiting, new SharedSeats(store, 'presence'));
}

async function reserve(): Promise<JoinReply> {
  const sessionId = `s${reserved.length + 1}`;
  reserved.push(sessionId);
  await new Promise((resolve) => setImmediate(resolve));
  waiting.add(sessionId);
  return seat(sessionId);
}

test('all processes give the one seat that waits, and together reserve the next when it is taken', async () => {
  const all = [process(), process(), process()];
  const once = async (): Promise<string[]> =>
    Promise.all(all.map(async (seats) => (await seats.once(MATCH, 'ann', reserve)).sessionId));
  expect(await once()).toEqual(['s1', 's1', 's1']);
  expect(await once()).toEqual(['s1', 's1', 's1']);
  expect(await process().held(MATCH, 'ann')).toEqual(seat('s1'));
  waiting.clear();
  expect(await process().held(MATCH, 'ann')).toBeUndefined();
  expect(await once()).toEqual(['s2', 's2', 's2']);
  expect(reserved).toEqual(['s1', 's2']);
});

test('users and matches do not share seats', async () => {
  const seats = process();
  await seats.once(MATCH, 'ann', reserve);
  expect((await seats.once(MATCH, 'bob', reserve)).sessionId).toBe('s2');
  expect(await process().held('room', '1:ann')).toBeUndefined();
});

test('a reservation that fails fails its own call only: whoever waits for it reserves', async () => {
  const [one, other] = [process(), process()];
  const fails = one.once(MATCH, 'ann', async () => {
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error('full');
  });
  const [failed, next] = await Promise.allSettled([fails, other.once(MATCH, 'ann', reserve)]);
  expect(failed).toMatchObject({ status: 'rejected', reason: { message: 'full' } });
  expect(next).toMatchObject({ status: 'fulfilled', value: seat('s1') });
});

test.each(['garbage', '{}', '[]', 'null', JSON.stringify({ ...seat('s9'), roomId: 'other' })])(
  'what is no seat in this match is ignored: %s',
  async (text) => {
    await store.hset('presence:j:room%3A1:ann', 'seat', text);
    waiting.add('s9');
    expect(await process().held(MATCH, 'ann')).toBeUndefined();
    expect((await process().once(MATCH, 'ann', reserve)).sessionId).toBe('s1');
  },
);
