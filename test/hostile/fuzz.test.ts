import { expect, test, vi } from 'vitest';
import { runHostile } from './fuzz.ts';

test('twelve thousand hostile messages cost an honest pair nothing and leave nothing behind', async () => {
  // Colyseus prints each frame it cannot decode.
  const quiet = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn'), vi.spyOn(console, 'log')].map((spy) =>
    spy.mockImplementation(() => {}),
  );
  const seed = 20_261_121;
  const { sent, honest, closed } = await runHostile(12_000, seed).catch((error: unknown) => {
    throw new Error(`Seed ${seed}: ${String(error)}`, { cause: error });
  });
  quiet.forEach((spy) => {
    spy.mockRestore();
  });
  expect(sent).toBeGreaterThanOrEqual(12_000);
  expect(honest).toBe(sent / 300);
  // Broken MessagePack is disconnected by Colyseus, and so the attackers had to come again.
  expect(closed).toBeGreaterThan(0);
}, 90_000);
