/** What the rooms of a process count. Each is one addition; nothing is kept per user. */
import { ERRORS, REQUEST_TYPES, type PresenceErrorCode, type RequestType } from '../protocol.ts';

function zeros<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
}

const CODES = Object.keys(ERRORS) as PresenceErrorCode[];

export class Meters {
  /** Messages of clients that asked for something, by kind. */
  readonly calls = zeros<RequestType>(REQUEST_TYPES);
  /** Requests that were answered with an error, by its code. */
  readonly refused = zeros(CODES);
  /** Connections that were made. */
  joins = 0;
  readonly joinsRefused = zeros(CODES);
  /** Clients that were closed because they do not read what they are sent. */
  closed = 0;
}
