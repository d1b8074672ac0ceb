// Taken before anybody replaces them: a moved or frozen clock is no reason to wait for ever.
const { setTimeout } = globalThis;
const now = performance.now.bind(performance);

/**
 * Waits for a condition, never for a time: asks every 5 ms, and returns the first
 * answer that is truthy. Fails after `timeoutMs` real milliseconds with an error
 * that names `what`.
 *
 * @example await until(() => room.state.players.size === 2, 'two players');
 */
export async function until<T>(
  probe: () => T | Promise<T>,
  what = 'the condition',
  timeoutMs = 5000,
): Promise<NonNullable<T>> {
  const deadline = now() + timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer) {
      return answer;
    }
    if (now() > deadline) {
      throw new Error(`Timed out after ${timeoutMs} ms waiting for ${what}.`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
