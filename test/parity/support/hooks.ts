/** Hooks whose answers a test holds back, and what they were asked. */
import { logger } from '@colyseus/core';
import { vi } from 'vitest';

export interface Gate<T> {
  readonly opened: Promise<T>;
  open(value: T): void;
}

export function gate<T>(): Gate<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { opened: promise, open: resolve };
}

/** Never settles. */
export function silence<T>(): Promise<T> {
  return new Promise<T>(() => {});
}

/** Keeps warnings and errors off the console; the lines so far. */
export function captureLog(): string[] {
  const lines: string[] = [];
  const note = (...args: unknown[]): void => {
    lines.push(args.map(String).join(' '));
  };
  vi.spyOn(logger, 'warn').mockImplementation(note);
  vi.spyOn(logger, 'error').mockImplementation(note);
  return lines;
}
