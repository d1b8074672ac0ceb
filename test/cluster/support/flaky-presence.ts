import type { Presence } from '@colyseus/core';

type Callback = (...args: unknown[]) => void;

/**
 * A `Presence` whose connection to the store can be cut: commands hang (as they
 * do in a Redis client that is offline) and never settle, messages are lost.
 * Counts the calls per method.
 */
export interface FlakyPresence {
  presence: Presence;
  calls: Map<string, number>;
  cut(): void;
  /** Only messages are lost; commands pass. */
  loseMessages(): void;
  mend(): void;
}

export function flaky(real: Presence): FlakyPresence {
  let isCut = false;
  let losesMessages = false;
  const calls = new Map<string, number>();
  const wrapped = new Map<Callback, Callback>();

  const overrides: Record<string, (...args: never[]) => unknown> = {
    subscribe: (topic: string, callback: Callback) => {
      const deliver: Callback = (...args) => {
        if (!isCut && !losesMessages) {
          callback(...args);
        }
      };
      wrapped.set(callback, deliver);
      return real.subscribe(topic, deliver);
    },
    unsubscribe: (topic: string, callback: Callback) => {
      const deliver = wrapped.get(callback);
      wrapped.delete(callback);
      return real.unsubscribe(topic, deliver ?? callback) as unknown;
    },
  };
  const presence = new Proxy(real, {
    get(target, name) {
      if ((isCut || losesMessages) && (name === 'pub' || name === 'sub')) {
        return undefined; // the cut is above these connections: they are not to blame
      }
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function' || typeof name !== 'string' || name === 'constructor') {
        return method;
      }
      return (...args: never[]): unknown => {
        calls.set(name, (calls.get(name) ?? 0) + 1);
        if (isCut && name !== 'unsubscribe') {
          return new Promise(() => {});
        }
        return Object.hasOwn(overrides, name) ? overrides[name]!(...args) : Reflect.apply(method, target, args);
      };
    },
  });
  return {
    presence,
    calls,
    cut: () => {
      isCut = true;
    },
    loseMessages: () => {
      losesMessages = true;
    },
    mend: () => {
      isCut = false;
      losesMessages = false;
    },
  };
}
