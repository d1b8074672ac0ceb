/** The three kinds of load. Each resolves when the last update was sent. */
import { type Checker, WINDOW } from './checker.ts';

/** What a driver needs of the connections. */
export interface Crowd {
  checker: Checker;
  publish(user: number): void;
}

/** A driver gives up when nothing moves for this long. */
const STALL_MS = 3000;

/**
 * Users 0 … publishers-1 keep `inFlight` updates under way each: the next one
 * goes out when all followers have one. Ends after `ms`, or when it is stuck.
 */
export async function closedLoop(
  crowd: Crowd,
  {
    publishers,
    followers,
    inFlight,
    ms,
  }: {
    publishers: number;
    followers: number;
    inFlight: number;
    ms: number;
  },
): Promise<void> {
  const copies = followers * crowd.checker.channels.length;
  const missing = new Int32Array(publishers * WINDOW).fill(copies);
  const end = performance.now() + ms;
  let movedAt = performance.now();

  crowd.checker.onSeen = (user, sequence) => {
    const slot = user * WINDOW + (sequence % WINDOW);
    if (user < publishers && --missing[slot]! === 0) {
      missing[slot] = copies;
      movedAt = performance.now();
      if (movedAt < end) {
        crowd.publish(user);
      }
    }
  };
  for (let i = 0; i < inFlight; i++) {
    for (let user = 0; user < publishers; user++) {
      crowd.publish(user);
    }
  }
  while (performance.now() < end && performance.now() - movedAt < STALL_MS) {
    await pause(10);
  }
  crowd.checker.onSeen = null;
}

/** `rate` updates per second of users picked evenly from [from, to), for `ms`. */
export async function openLoop(
  crowd: Crowd,
  { rate, ms, from, to }: { rate: number; ms: number; from: number; to: number },
): Promise<void> {
  const start = performance.now();
  const total = Math.round((rate * ms) / 1000);
  const order = shuffled(to - from);
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - start) * rate) / 1000) + 1);
    for (; sent < due; sent++) {
      crowd.publish(from + order[sent % order.length]!);
    }
    await pause(1);
  }
}

/** Every one of `users` changes `changes` times within `overMs`, evenly spread; one storm. */
export async function storm(
  crowd: Crowd,
  { users, changes, overMs }: { users: number; changes: number; overMs: number },
): Promise<void> {
  const order = shuffled(users);
  const start = performance.now();
  const total = users * changes;
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - start) * total) / overMs) + 1);
    for (; sent < due; sent++) {
      crowd.publish(order[sent % users]!);
    }
    await pause(0);
  }
}

/** Resolves with the follows that are still behind when nothing has moved for a while; 0 = all is well. */
export async function drain(behind: () => number, stallMs = STALL_MS): Promise<number> {
  let left = behind();
  let movedAt = performance.now();
  while (left > 0 && performance.now() - movedAt < stallMs) {
    await pause(5);
    const now = behind();
    if (now !== left) {
      movedAt = performance.now();
    }
    left = now;
  }
  return left;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
}

/** 0 … count-1 in an order that is always the same and looks random. */
function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  let seed = 12345;
  for (let i = count - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    const j = seed % (i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
