/**
 * `node bench/match.ts`: a match that fills with 100 players, each with 50
 * followers. What it costs when the match reports itself (`MatchPlugin`), when
 * each player says so in a status instead, and when nobody is told. The server is
 * a process of its own. Takes a minute.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Room } from '@colyseus/sdk';
import { spreadOf } from './results.ts';
import { Child } from './rpc.ts';
import { ROOM_NAME } from './room-name.ts';
import type { MatchServerOps } from './server/match.ts';
import type { Delta } from '../src/protocol.ts';

const PLAYERS = 100;
const FOLLOWERS = 250;
/** Each follower follows so many players, so each player has 50 followers. */
const FOLLOWS = (PLAYERS * 50) / FOLLOWERS;
/** Time in which the match fills. */
const FILL_MS = 5000;
/** After it, for the last report of the match. */
const REST_MS = 2000;
const ROUNDS = 3;

type Way = 'nobody is told' | 'a status' | 'MatchPlugin';

interface Outcome {
  cpuMs: number;
  /** Delta frames that the followers got. */
  frames: number;
  /** Presences that came, in them. */
  joins: number;
}

async function run(way: Way): Promise<Outcome> {
  const server = await Child.start<MatchServerOps>(new URL('./server/match.ts', import.meta.url), {
    reports: way === 'MatchPlugin',
  });
  try {
    const url = `ws://127.0.0.1:${await server.ops.port()}`;
    const join = async (userId: string, name: string, options: object = {}): Promise<Room> => {
      const client = new Client(url);
      client.auth.token = userId;
      const room = await client.joinOrCreate(name, options);
      room.onMessage('*', () => {});
      room.reconnection.enabled = false; // the server is killed in the end
      return room;
    };
    const ids = Array.from({ length: PLAYERS }, (_, i) => `player-${String(i)}`);
    const players = await Promise.all(ids.map((id) => join(id, ROOM_NAME, { status: '' })));
    const outcome = { cpuMs: 0, frames: 0, joins: 0 };
    for (let i = 0; i < FOLLOWERS; i++) {
      const follower = await join(`follower-${String(i)}`, ROOM_NAME, { status: '' });
      follower.onMessage('presence:delta', ({ joins }: Delta) => {
        outcome.frames++;
        outcome.joins += joins.length;
      });
      const userIds = Array.from({ length: FOLLOWS }, (_, k) => ids[(i * FOLLOWS + k) % PLAYERS]!);
      await follower.request('presence:follow', { userIds });
    }
    await sleep(500);
    Object.assign(outcome, { frames: 0, joins: 0 });
    const before = await server.ops.cpu();
    const started = performance.now();
    for (const [i, id] of ids.entries()) {
      const match = await join(id, 'match');
      if (way === 'a status') {
        players[i]!.send('presence:status', { status: JSON.stringify({ matchId: match.roomId }) });
      }
      await sleep(Math.max(0, started + ((i + 1) * FILL_MS) / PLAYERS - performance.now()));
    }
    await sleep(REST_MS);
    outcome.cpuMs = ((await server.ops.cpu()) - before) / 1000;
    return outcome;
  } finally {
    await server.stop();
  }
}

const WAYS: readonly Way[] = ['nobody is told', 'a status', 'MatchPlugin'];
const outcomes = new Map<Way, Outcome[]>(WAYS.map((way) => [way, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const way of WAYS) {
    outcomes.get(way)!.push(await run(way));
  }
}
const middle = (way: Way, field: keyof Outcome): number =>
  spreadOf(outcomes.get(way)!.map((outcome) => outcome[field]))!.median;
const base = middle('nobody is told', 'cpuMs');
console.log('| who tells the followers | CPU ms | frames to followers | presences in them | CPU µs / presence told |');
console.log('| --- | ---: | ---: | ---: | ---: |');
for (const way of WAYS) {
  const [cpuMs, frames, joins] = [middle(way, 'cpuMs'), middle(way, 'frames'), middle(way, 'joins')];
  const each = joins === 0 ? '–' : (((cpuMs - base) * 1000) / joins).toFixed(1);
  console.log(`| ${way} | ${cpuMs.toFixed(0)} | ${String(frames)} | ${String(joins)} | ${each} |`);
}
process.exit(0);
