/**
 * Runs the game's hooks so that a bad one hurts only its own call: a throw, a
 * wrong answer or silence becomes `hook_failed`.
 */
import { PresenceError } from './protocol.ts';
import type { ResolvedOptions, Viewer } from './options.ts';

/** Awaits `run()`, at most `ms` milliseconds. */
export async function runHook<T>(run: () => T | Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      Promise.resolve(run()),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => { reject(new PresenceError('hook_failed')); }, ms);
        timer.unref();
      }),
    ]);
  } catch (error) {
    throw error instanceof PresenceError ? error : new PresenceError('hook_failed');
  } finally {
    clearTimeout(timer);
  }
}

/** The ids that `viewer` may see. Oneself always. */
export async function visibleIds(options: ResolvedOptions, viewer: Viewer, userIds: readonly string[]): Promise<string[]> {
  const { canFollow, hookTimeoutMs } = options;
  const others = userIds.filter((userId) => userId !== viewer.userId);
  if (canFollow === undefined || others.length === 0) {
    return [...userIds];
  }
  const answers: unknown = await runHook(() => canFollow(viewer, others), hookTimeoutMs);
  if (!Array.isArray(answers) || answers.length !== others.length) {
    throw new PresenceError('hook_failed');
  }
  const refused = new Set(others.filter((_, i) => answers[i] !== true));
  return userIds.filter((userId) => !refused.has(userId));
}
