import { afterEach, describe, expect, test, vi } from 'vitest';
import { Listeners } from '../../src/client/listeners.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('Listeners', () => {
  test('calls everybody in order, each with the arguments', () => {
    const heard: string[] = [];
    const listeners = new Listeners<[string]>();
    listeners.add((text) => heard.push(`a ${text}`));
    listeners.add((text) => heard.push(`b ${text}`));
    listeners.emit('1');
    expect(heard).toEqual(['a 1', 'b 1']);
  });

  test('counts the same function twice, and removes one of the two', () => {
    const listener = vi.fn();
    const listeners = new Listeners();
    const remove = listeners.add(listener);
    listeners.add(listener);
    remove();
    remove();
    listeners.emit();
    expect(listener).toHaveBeenCalledOnce();
  });

  test('lets nobody suffer from the error of another, and does not swallow it', () => {
    const thrown: Array<() => void> = [];
    vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((run) => {
      thrown.push(run);
    });
    const after = vi.fn();
    const listeners = new Listeners();
    listeners.add(() => {
      throw new Error('bad listener');
    });
    listeners.add(after);
    listeners.emit();
    expect(after).toHaveBeenCalledOnce();
    expect(thrown).toHaveLength(1);
    expect(thrown[0]).toThrow('bad listener');
  });

  test('may be changed from inside a callback', () => {
    const late = vi.fn();
    const listeners = new Listeners();
    const remove = listeners.add(() => {
      remove();
      listeners.add(late);
    });
    listeners.emit();
    expect(late).not.toHaveBeenCalled();
    listeners.emit();
    expect(late).toHaveBeenCalledOnce();
  });
});
