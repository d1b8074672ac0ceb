/** Client helpers on a scripted server, under fake timers. */
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { PresenceClient, type PresenceClientOptions } from '../../src/client/index.ts';
import { FakeServer } from './fakes.ts';

/** A new one for each test. */
export let server: FakeServer;

/** Who leaves at the end of the test. */
export const clients: PresenceClient[] = [];

/** Call once in a test file. */
export function useScriptedServer(): void {
  beforeEach(() => {
    server = new FakeServer();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.leave()));
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
}

export async function join(options?: PresenceClientOptions): Promise<PresenceClient> {
  const client = await PresenceClient.join(server.client, 'presence', options);
  clients.push(client);
  return client;
}

/** Lets everything that is ready run: promises, and messages of the fake server. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** The server takes the seat away; `wait` milliseconds later. */
export async function lose(wait = 900): Promise<void> {
  server.room.end(4001);
  await vi.advanceTimersByTimeAsync(wait);
  await settle();
}

/** The payloads of all requests of a type, in all rooms. */
export function sent(type: string): Array<Record<string, unknown>> {
  return server.rooms
    .flatMap((room) => room.sent)
    .filter((each) => each.type === type)
    .map(({ payload }) => payload);
}

/** The code of the error, or `'fine'`. */
export function code(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'fine',
    (error: unknown) => (error as { code?: unknown }).code,
  );
}
