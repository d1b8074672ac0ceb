/**
 * The status text of the bench: `@<5 digits of the user>:<7 digits of the
 * update>~~~…`, 48 bytes. It survives JSON, msgpack and schema encoding byte for
 * byte, so a receiver finds it by scanning the frame instead of decoding it.
 */
const USER_DIGITS = 5;
const SEQUENCE_DIGITS = 7;
const AT = 0x40;
const COLON = 0x3a;
const TILDE = 0x7e;
const LENGTH = 48;

export function statusText(user: number, sequence: number): string {
  return `@${String(user).padStart(USER_DIGITS, '0')}:${String(sequence).padStart(SEQUENCE_DIGITS, '0')}`.padEnd(
    LENGTH,
    '~',
  );
}

/** Overwrites the sequence number of the status text at `offset`. */
export function patchSequence(bytes: Buffer, offset: number, sequence: number): void {
  let rest = sequence;
  for (let i = offset + USER_DIGITS + 1 + SEQUENCE_DIGITS; i > offset + USER_DIGITS + 1; i--) {
    bytes[i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** What a frame says: parallel lists, reused from scan to scan. */
export interface Found {
  count: number;
  users: number[];
  sequences: number[];
  /** Whether the marker stands under `leaves`, that is, names an old value. */
  leaving: boolean[];
}

/** Finds all status texts in `bytes[start, end)`, each with the section of the delta it stands in. */
export function scan(bytes: Uint8Array, start: number, end: number, found: Found): void {
  let leaving = false;
  found.count = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte === AT) {
      const user = digits(bytes, i + 1, USER_DIGITS);
      const sequence = digits(bytes, i + 2 + USER_DIGITS, SEQUENCE_DIGITS);
      if (
        user >= 0 &&
        sequence >= 0 &&
        i + LENGTH <= end &&
        bytes[i + 1 + USER_DIGITS] === COLON &&
        bytes[i + 2 + USER_DIGITS + SEQUENCE_DIGITS] === TILDE
      ) {
        found.users[found.count] = user;
        found.sequences[found.count] = sequence;
        found.leaving[found.count] = leaving;
        found.count++;
        i += LENGTH - 1;
      }
    } else if (byte === 0x6a /* j */ && says(bytes, i, 'joins')) {
      leaving = false;
      i += 4;
    } else if (byte === 0x6c /* l */ && says(bytes, i, 'leaves')) {
      leaving = true;
      i += 5;
    }
  }
}

/** -1 when something else than digits stands there. */
function digits(bytes: Uint8Array, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const digit = (bytes[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) {
      return -1;
    }
    value = value * 10 + digit;
  }
  return value;
}

function says(bytes: Uint8Array, from: number, word: string): boolean {
  for (let i = 1; i < word.length; i++) {
    if (bytes[from + i] !== word.charCodeAt(i)) {
      return false;
    }
  }
  return true;
}
