/** The lines that this package writes to the log: each begins with a stable code. docs/troubleshooting.md says what each means and what to do. */
export const LOG_CODES = [
  'store_unreachable',
  'store_recovered',
  'store_repaired',
  'connection_renewed',
  'format_unreadable',
  'cluster_fault',
  'hook_failed',
  'request_failed',
  'redact_failed',
  'friend_list_failed',
  'friend_list_ids',
  'profiles_failed',
  'blocks_unknown',
  'lock_not_kept',
  'no_user',
  'follow_failed',
  'listener_failed',
  'host_failed',
  'metadata_failed',
] as const;

export type LogCode = (typeof LOG_CODES)[number];

/** `[presence:<code>] what has happened`. Texts that a client may have chosen are in it as JSON. */
export type LogLine = `[presence:${LogCode}] ${string}`;

/** Receives the lines. Colyseus's `logger` is one. */
export interface Log {
  info(line: LogLine): void;
  warn(line: LogLine): void;
  error(line: LogLine): void;
}

export function codeOf(line: LogLine): LogCode {
  return line.slice('[presence:'.length, line.indexOf(']')) as LogCode;
}
