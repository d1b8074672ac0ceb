/** A real server for the flows of the small clients in engines/. */
import { spawn } from 'node:child_process';
import { Room } from '@colyseus/core';
import { playerOf, type Paths, type Player } from './runners.ts';
import { startJoinProxy } from './join-proxy.ts';
import { PresenceState } from '../src/wire/state.ts';
import { startServer } from '../test/support/server.ts';

/** With a state that the clients have classes for. */
class Match extends Room<{ state: PresenceState }> {
  override state = new PresenceState();
}

/** The flows that a client has played rightly, by name; rejects with what went wrong. */
export async function playFlows(engine: Player, paths: Paths): Promise<string[]> {
  const server = await startServer({ rateLimit: 6, rateWindowMs: 1000, unverifiedMatches: 'show' }, { match: Match });
  // The Unity SDK cannot read the join frame of 0.18; Defold's has an adapter of its own.
  const proxy = engine === 'unity' ? await startJoinProxy(server.port) : undefined;
  try {
    const [command = '', ...args] = playerOf(engine, paths, `http://127.0.0.1:${proxy?.port ?? server.port}`);
    return await run(command, args);
  } finally {
    proxy?.stop();
    await server.stop();
  }
}

async function run(command: string, args: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let output = '';
    let problems = '';
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      problems += data.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const flows = [...output.matchAll(/^flow: (.*)$/gm)].map(([, name = '']) => name);
      if (code === 0) {
        resolve(flows);
      } else {
        reject(new Error(`after ${JSON.stringify(flows)}: ${(problems + output).slice(-2000)}`));
      }
    });
  });
}
