/** What the page is told. */
import type { ProcessFacts, ProcessReport } from '../server/report-types.ts';

/** One process in the table. */
export interface ProcessRow {
  /** Its unique name; a restarted process has another one. */
  process: string;
  state: ProcessReport['state'];
  /** Whether it has answered this time. If not, its numbers are those of its last answer. */
  answered: boolean;
  silentMs: number;
  pid?: number;
  health?: ProcessFacts['health']['state'];
  connections: number;
  /** Of all connections, 0 to 1. */
  share: number;
  behindMs: number;
  leaseExpiresMs?: number;
  uptimeMs?: number;
}

/** One point of the charts. Rates are per second. */
export interface Point {
  at: number;
  online: number;
  updates: number;
  deliveries: number;
  calls: number;
  /** Milliseconds below which 99 of 100 lay since the point before; absent when there was none. */
  flushP99Ms?: number;
  redisP99Ms?: number;
}

export type HappeningKind =
  | 'process_joined'
  | 'process_silent'
  | 'process_answers'
  | 'process_leaving'
  | 'process_gone'
  | 'redis_down'
  | 'redis_up'
  | 'users_lost'
  | 'users_came'
  | 'action';

/** Something worth a line, in the order in which it was noticed. */
export interface Happening {
  /** Milliseconds since the epoch, by the clock of the process that serves the page. */
  at: number;
  kind: HappeningKind;
  text: string;
}

/** The whole cluster at one time. */
export interface MonitorReport {
  at: number;
  complete: boolean;
  totals: { users: number; online: number; connections: number; visible: number; follows: number; stale: number };
  point: Point;
  processes: ProcessRow[];
  refused: Array<{ reason: string; count: number }>;
  mostFollowed: Array<{ userId: string; followers: number }>;
  stale: Array<{ userId: string; connectionId: string; delivery: string }>;
  log: Array<{ at: number; process: string; line: string }>;
}

/** The first message of the stream; the others have `history` and `happenings` since the one before. */
export interface StreamMessage {
  report: MonitorReport;
  history: Point[];
  happenings: Happening[];
}

export type Action =
  | { action: 'status'; userId: string; status: string | null }
  | { action: 'lock'; userId: string; status: string | null }
  | { action: 'unlock' | 'disconnect'; userId: string }
  | { action: 'block' | 'unblock'; userId: string; blockedId: string };
