/**
 * The numbers of the schema state say nothing about anybody else. The attack:
 * an unkeyed or weakly keyed hash of ids is inverted from a few probes, an id
 * is built that wants the victim's number, and whether it gets that number
 * tells whether the victim is here, invisible.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rawJoin, type RawClient } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { refIdOf, StateReader } from '../support/state-reader.ts';
import { until } from '../support/until.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ rateLimit: 1000 });
});
afterAll(async () => {
  await server.stop();
});

const FNV_PRIME = 0x01000193;
const multiply = (a: number, b: number): number => Math.imul(a, b);
/** The inverse of an odd factor modulo 2^32. */
function inverse(factor: number): number {
  let guess = factor;
  for (let i = 0; i < 5; i++) {
    guess = multiply(guess, 2 - multiply(factor, guess));
  }
  return guess;
}
const unshift16 = (bits: number): number => bits ^ (bits >>> 16);
const unshift13 = (bits: number): number => bits ^ (bits >>> 13) ^ (bits >>> 26);

/** FNV-1a as far as it goes before the last mixing. */
function absorb(text: string, start: number): number {
  let bits = start;
  for (let i = 0; i < text.length; i++) {
    bits = multiply(bits ^ text.charCodeAt(i), FNV_PRIME);
  }
  return bits;
}
function mix(bits: number): number {
  const a = multiply(unshift16(bits), 0x85ebca6b);
  const b = multiply(a ^ (a >>> 13), 0xc2b2ae35);
  return unshift16(b) >>> 0;
}
function unmix(hash: number): number {
  const b = multiply(unshift16(hash), inverse(0xc2b2ae35));
  return unshift16(multiply(unshift13(b), inverse(0x85ebca6b)));
}
const slotOf = (id: string, start: number): number => mix(absorb(id, start)) >>> 2;

/** The secret starts of the hash that fit what was seen. */
function startsFor(probes: ReadonlyMap<string, number>): number[] {
  const [[first, number] = ['', 0]] = probes;
  return [0, 1, 2, 3]
    .map((low) => {
      let bits = unmix(((number / 2) << 2) | low);
      for (let i = first.length - 1; i >= 0; i--) {
        bits = multiply(bits, inverse(FNV_PRIME)) ^ first.charCodeAt(i);
      }
      return bits;
    })
    .filter((start) => [...probes].every(([id, seen]) => slotOf(id, start) === seen / 2));
}

/** An id of which the hash is the slot of `victim`. */
function collide(victim: string, start: number, prefix: string): string {
  const wanted = multiply(absorb(victim, start), inverse(FNV_PRIME));
  const from = absorb(prefix, start);
  for (let a = 0x4e00; a < 0x9f00; a++) {
    const one = multiply(from ^ a, FNV_PRIME);
    for (const b of [0x4e01, 0x5001, 0x6007, 0x7003]) {
      const two = multiply(one ^ b, FNV_PRIME);
      const last = (two ^ wanted) >>> 0;
      if (last > 0xff && last < 0xd800) {
        return prefix + String.fromCharCode(a, b, last);
      }
    }
  }
  return `${prefix}none`;
}

let asked = 0;
async function ask(client: RawClient, type: string, payload: object): Promise<void> {
  const cid = `${++asked}`;
  client.burst([[type, { ...payload, cid }]]);
  await until(
    () => client.of<{ cid: string }>('presence:reply').some((reply) => reply.cid === cid),
    `the reply to ${type}`,
  );
}

test('an id built for the number of a victim has the same number whether the victim is here, invisible, or not', async () => {
  const attacker = await rawJoin(server, 'attacker', 'presence');
  const state = new StateReader();
  const numbersOf = async (userIds: string[]): Promise<Map<string, number>> => {
    await ask(attacker, 'presence:follow', { userIds });
    await until(() => userIds.every((id) => state.read(attacker.frames).users.has(id)), 'the follows in the state');
    const { users } = state.read(attacker.frames);
    const numbers = new Map(userIds.map((id) => [id, refIdOf(users.get(id)!)]));
    await ask(attacker, 'presence:unfollow', { userIds });
    return numbers;
  };
  const starts = startsFor(await numbersOf(['probe one', 'probe two', 'probe three']));
  const built = [...starts, 0].flatMap((start) =>
    Array.from({ length: 20 }, (_, i) => collide('victim', start, `built ${i} `)),
  );
  const ids = [...new Set(built)];
  const before = await numbersOf(ids);
  const victim = await rawJoin(server, 'victim', 'presence');
  const after = await numbersOf(ids);
  expect(after).toEqual(before);
  // Ids built to want one number do not crowd around it: finding a number never takes more than a step.
  const sorted = [...after.values()].sort((a, b) => a - b);
  expect(sorted.filter((number, i) => i > 0 && number - sorted[i - 1]! <= 4).length).toBeLessThan(3);
  expect(sorted.every((number) => number + 1 < 2 ** 24)).toBe(true);
  victim.socket.close();
  attacker.socket.close();
});
