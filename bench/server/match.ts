/** The server of `bench/match.ts`: presence rooms, and matches that report themselves, or do not. */
import { definePlugins, Room } from '@colyseus/core';
import { MatchPlugin } from '../../src/index.ts';
import { serve } from '../rpc.ts';
import { startColyseus } from './colyseus.ts';
import { MeasuredPresenceRoom, oneRoomFitsAll } from './plugin-room.ts';

export type MatchServerOps = {
  port: () => number;
  /** Microseconds of CPU, user and system, since the process started. */
  cpu: () => number;
};

const { reports } = JSON.parse(process.argv[2] ?? '{}') as { reports?: boolean };

class PlainMatch extends Room {
  override maxClients = 100;
  static override onAuth(token: string): Promise<unknown> {
    return Promise.resolve({ userId: token });
  }
}
class ReportedMatch extends PlainMatch {
  override plugins = definePlugins([new MatchPlugin()]);
}
class LargePresenceRoom extends MeasuredPresenceRoom {
  override maxClients = oneRoomFitsAll.maxClients;
  static override options = { unverifiedMatches: 'show' as const, rateLimit: 1000 };
}

const running = await startColyseus(LargePresenceRoom, undefined, {
  match: reports === true ? ReportedMatch : PlainMatch,
});

serve({
  port: () => running.port,
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
} satisfies MatchServerOps);
