/**
 * The announced exit of a process. Users that are handed off stay in the store,
 * under a lease that ends with the handoff, if another process stays that can
 * show them and sweep afterwards. All other users are removed now. The last
 * process to leave also removes what earlier ones left in the store.
 */
import type { Bus } from './bus.ts';
import type { Clock } from './clock.ts';
import type { Store } from './store.ts';
import { encodeRegister } from './envelope.ts';
import { forEachLimit } from './limit.ts';
import type { GuardedHost } from './guarded-host.ts';
import type { Register } from '../core/registers.ts';
import type { Sweeper } from './sweeper.ts';

const MAX_REMOVALS_AT_ONCE = 64;

export interface FarewellDeps {
  incarnation: string;
  host: GuardedHost;
  store: Store;
  bus: Bus;
  sweeper: Sweeper;
  clock: Clock;
  /** Whether the store is already known to have lost our data. */
  hasLost: () => boolean;
  /** Writes all users of this process again. */
  rewrite: () => Promise<void>;
}

/** Rejects when the store cannot be reached; the lease then expires, and other processes sweep. */
export async function sayGoodbye({
  incarnation,
  host,
  store,
  bus,
  sweeper,
  clock,
  hasLost,
  rewrite,
}: FarewellDeps): Promise<void> {
  const now = clock.now();
  const staying: Array<[userId: string, register: Register]> = [];
  let handoffUntil = now;
  const announced = host.announcedUsers();
  if (announced === undefined) {
    throw new Error('the users of this process are not known');
  }
  for (const userId of announced) {
    const register = host.register(userId);
    if (register === undefined) {
      continue; // the store keeps what was written last, until the lease ends
    }
    const until = Math.max(0, ...register.entries.map((entry) => entry.handoffUntil ?? 0));
    if (until <= now) {
      staying.push([userId, register]);
    }
    handoffUntil = Math.max(handoffUntil, until);
  }

  // Mark the lease before reading those of others: of two processes that leave at once, at least one sees the other leave.
  const handoffMs = handoffUntil - now;
  const lease = await store.renew(incarnation, 'leaving', Math.max(1, Math.ceil(handoffMs / 1000)));
  if (lease !== 'up' || hasLost()) {
    await rewrite(); // the store has lost its data, which includes the list of what to remove
  }
  const others = (await store.processes()).filter((other) => other !== incarnation);
  const leases = await Promise.all(others.map(async (other) => store.lease(other)));

  if (!leases.includes('up')) {
    await forEachLimit([incarnation, ...others], 1, (left) => sweeper.purge(left));
    await bus.publishControl({ kind: 'bye' });
  } else if (handoffMs === 0) {
    await sweeper.purge(incarnation);
    await bus.publishControl({ kind: 'bye' });
  } else {
    await forEachLimit(staying, MAX_REMOVALS_AT_ONCE, async ([userId, { seq }]) => {
      await Promise.all([
        sweeper.remove(userId, incarnation),
        bus.publishRegister(userId, encodeRegister(incarnation, { seq, entries: [], last: 'offline' })),
      ]);
    });
    await bus.publishControl({ kind: 'bye', handoffMs });
  }
}
