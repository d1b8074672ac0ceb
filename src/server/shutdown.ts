/**
 * Tells when Colyseus shuts the process down, with rooms or without. Colyseus
 * has no event for that. It ends its presence, then its driver, and waits for
 * the driver; so both ends wait here for what has to be said before.
 */
import { matchMaker } from '@colyseus/core';

type Farewell = () => Promise<void>;

const hooked = new WeakMap<object, Set<Farewell>>();

/** Whether Colyseus has begun to shut the process down. */
export function isShuttingDown(): boolean {
  return matchMaker.state === matchMaker.MatchMakerState.SHUTTING_DOWN;
}

/** Calls `farewell` before Colyseus ends its presence, which stays usable until that resolves. Idempotent. */
export function beforePresenceEnds(farewell: Farewell): void {
  const { presence, driver } = matchMaker;
  const known = hooked.get(presence);
  if (known !== undefined) {
    known.add(farewell);
    return;
  }
  const farewells = new Set([farewell]);
  hooked.set(presence, farewells);
  const endPresence = presence.shutdown.bind(presence);
  const endDriver = driver.shutdown.bind(driver);
  let ended: Promise<unknown> = Promise.resolve();
  presence.shutdown = () => {
    ended = Promise.allSettled([...farewells].map((say) => say())).finally(endPresence);
  };
  driver.shutdown = async () => {
    await ended;
    await endDriver();
  };
}
