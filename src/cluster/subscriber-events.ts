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
  return () => {
    sub.off('ready', listener);
  };
}

/** Calls back once the subscriber connection is ready, if it is being made anew right now; otherwise not at all. */
export function whenReconnected(presence: object, listener: () => void): void {
  const { sub } = presence as { sub?: unknown };
  if (isEmitter(sub) && 'status' in sub && sub.status !== 'ready') {
    const once = (): void => {
      sub.off('ready', once);
      listener();
    };
    sub.on('ready', once);
  }
}

function isEmitter(value: unknown): value is Emitter {
  return (
    typeof value === 'object' &&
    value !== null &&
    'on' in value &&
    typeof value.on === 'function' &&
    'off' in value &&
    typeof value.off === 'function'
  );
}
