/** Waits for a condition, never for a time. Polls every 5 ms; throws an error that names `what`. */
export async function until<T>(
  probe: () => T | Promise<T>,
  what = 'the condition',
  timeoutMs = 10_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value) {
      return value;
    }
    if (performance.now() > deadline) {
      throw new Error(`Timed out after ${timeoutMs} ms waiting for ${what}.`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
