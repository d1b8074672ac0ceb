/**
 * `RedisPresence` does not tell when its subscriber connection is made anew,
 * but the connection itself does. Optional: without it, the missing echo of
 * our own beats tells, a little later.
 */
interface Emitter {
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/** Calls back whenever the subscriber connection of `presence` is ready (again). Returns how to stop that. */
export function onSubscriberReady(presence: object, listener: () => void): () => void {
  const { sub } = presence as { sub?: unknown };
  if (!isEmitter(sub)) {
    return () => {};
  }
  sub.on('ready', listener);
  return () => { sub.off('ready', listener); };
}

function isEmitter(value: unknown): value is Emitter {
  return typeof value === 'object' && value !== null
    && 'on' in value && typeof value.on === 'function'
    && 'off' in value && typeof value.off === 'function';
}
