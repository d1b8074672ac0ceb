/**
 * The log of a process. It writes one line per cause and second, so that a client
 * that causes a failure in a loop does not fill the disk. It escapes characters
 * that could make one line look like two. Lines that are not written are counted,
 * too.
 */
import { codeOf, LOG_CODES, type Log, type LogCode, type LogLine } from '../log-codes.ts';

const WINDOW_MS = 1000;
/** Maximum of causes in one window. Further ones are counted, but not written. */
const MAX_CAUSES = 100;
/** Maximum of lines that are remembered. */
const MAX_RECENT = 20;
/** Characters that end a line or change how it reads: controls, line separators, marks of direction. */
const DECEPTIVE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

export interface Written {
  readonly at: number;
  readonly line: string;
}

export class QuietLog implements Log {
  /** Lines by code, those that were not written included. */
  readonly counts = Object.fromEntries(LOG_CODES.map((code) => [code, 0])) as Record<LogCode, number>;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #said = new Set<string>();
  readonly #recent: Written[] = [];
  #since = -Infinity;

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** What was written last, oldest first. */
  get recent(): readonly Written[] {
    return this.#recent;
  }

  info(line: LogLine): void {
    this.#write('info', line);
  }

  warn(line: LogLine): void {
    this.#write('warn', line);
  }

  error(line: LogLine): void {
    this.#write('error', line);
  }

  #write(level: keyof Log, line: LogLine): void {
    this.counts[codeOf(line)]++;
    const now = this.#now();
    if (Math.abs(now - this.#since) >= WINDOW_MS) {
      this.#since = now;
      this.#said.clear();
    }
    // Lines that differ only in quoted texts have one cause.
    const cause = line.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
    if (this.#said.has(cause) || this.#said.size >= MAX_CAUSES) {
      return;
    }
    this.#said.add(cause);
    const safe = line.replaceAll(DECEPTIVE, escaped) as LogLine;
    this.#recent.push({ at: now, line: safe });
    this.#recent.splice(0, this.#recent.length - MAX_RECENT);
    this.#log[level](safe);
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
