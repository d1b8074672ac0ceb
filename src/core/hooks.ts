/**
 * Runs the game's hooks so that a bad one hurts only its own call: a throw, a
 * wrong answer or silence becomes `hook_failed` for the client, and the reason
 * becomes a line in the log. A hook may throw a `PresenceError` to answer the
 * call with that one.
 */
import { inspect } from 'node:util';
import { notIds, sortOutIds } from '../ids.ts';
import { given } from '../wording.ts';
import { PresenceError, type Presence } from '../protocol.ts';
import type { LogLine } from '../log-codes.ts';
import type { ResolvedOptions, Viewer } from '../options.ts';

/** A longer timer would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A hook of the game failed. */
export class HookError extends Error {
  constructor(hook: string, what: string, cause?: unknown) {
    super(`the hook "${hook}" failed: ${what}`, { cause });
  }
}

/** A hook of the game took too long. */
class LateHookError extends HookError {}

/** What a client is told of an error. */
export function failureOf(error: unknown): PresenceError {
  if (error instanceof PresenceError) {
    return error;
  }
  return error instanceof LateHookError
    ? new PresenceError('hook_failed', { message: 'The game server could not decide in time.' })
    : new PresenceError(error instanceof HookError ? 'hook_failed' : 'internal');
}

/** For the log, in one line: what went wrong, and where in the game's code. Texts that a client may have chosen are escaped. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof HookError)) {
    return JSON.stringify(inspect(error));
  }
  return error.cause === undefined ? error.message : `${error.message}: ${JSON.stringify(inspect(error.cause))}`;
}

/** Awaits `run()`, at most `ms` milliseconds; rejects with `late()` after that. */
export async function within<T>(ms: number, run: () => T | Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      Promise.resolve(run()),
      new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => {
            reject(late());
          },
          Math.min(ms, LONGEST_TIMER_MS),
        );
        timer.unref();
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

/** Awaits `run()`, at most `ms` milliseconds. Throws a `HookError`, or the `PresenceError` that the hook threw. */
export async function runHook<T>(hook: string, run: () => T | Promise<T>, ms: number): Promise<T> {
  try {
    return await within(ms, run, () => new LateHookError(hook, `no answer within ${ms} ms`));
  } catch (error) {
    throw error instanceof PresenceError || error instanceof HookError ? error : new HookError(hook, 'it threw', error);
  }
}

/** The ids that `viewer` may see, without doubles. Oneself always. */
export async function visibleIds(
  options: ResolvedOptions,
  viewer: Viewer,
  userIds: readonly string[],
): Promise<string[]> {
  const refused = await refusedIds(options, viewer, userIds);
  return [...new Set(userIds)].filter((userId) => !refused.has(userId));
}

/** The ids that `viewer` may not see. */
export async function refusedIds(
  { canFollow, hookTimeoutMs }: ResolvedOptions,
  viewer: Viewer,
  userIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (canFollow === undefined) {
    return new Set();
  }
  const others = [...new Set(userIds)].filter((userId) => userId !== viewer.userId);
  if (others.length === 0) {
    return new Set();
  }
  const isAllowed = readAllowed(await runHook('canFollow', () => canFollow(viewer, others), hookTimeoutMs), others);
  return new Set(others.filter((userId) => !isAllowed(userId)));
}

/** Reads the answer of `canFollow`. */
function readAllowed(answer: unknown, asked: readonly string[]): (userId: string) => boolean {
  if (answer instanceof Set || Array.isArray(answer)) {
    const entries: readonly unknown[] = [...answer];
    if (Array.isArray(answer) && entries.length === asked.length && entries.every((it) => typeof it === 'boolean')) {
      const allowed = new Set(asked.filter((_, i) => entries[i]));
      return (userId) => allowed.has(userId);
    }
    const { ids, others } = sortOutIds(entries);
    if (others.length > 0) {
      throw badAllowed(asked, notIds(others));
    }
    if (couldBeBooleans(entries, asked)) {
      throw badAllowed(asked, 'a list of 0 and 1, which could be ids or yes and no');
    }
    const allowed = new Set(ids);
    return (userId) => allowed.has(userId);
  }
  throw badAllowed(asked, given(answer));
}

/** No list of ids has the same one twice. */
function couldBeBooleans(entries: readonly unknown[], asked: readonly string[]): boolean {
  return (
    entries.length === asked.length &&
    entries.every((entry) => entry === 0 || entry === 1) &&
    (entries.includes(0) || entries.length > 1)
  );
}

function badAllowed(asked: readonly string[], was: string): HookError {
  return new HookError(
    'canFollow',
    `it must return the allowed ids as a list or a set, or a list of ${asked.length} booleans, one per id, but returned ${was}`,
  );
}

/** `options` with a `redact` that logs only its first failure, because it runs for every delivery. `view.ts` hides the presences for which it fails. */
export function guardRedact(options: ResolvedOptions, report: (line: LogLine) => void): ResolvedOptions {
  const { redact } = options;
  if (redact === undefined) {
    return options;
  }
  let silent = false;
  const complain = (what: string, cause?: unknown): void => {
    if (!silent) {
      silent = true;
      report(
        `[presence:redact_failed] ${reasonOf(new HookError('redact', `${what}. Such presences are hidden; this is said once.`, cause))}`,
      );
    }
  };
  const redactOrReport = (viewer: Viewer, presence: Readonly<Presence>): Presence | null => {
    let seen: Presence | null;
    try {
      seen = redact(viewer, presence);
    } catch (error) {
      complain('it threw', error);
      throw error;
    }
    if (seen !== null && typeof (seen as Partial<Presence> | undefined)?.status !== 'string') {
      complain('it must return a presence or null, at once');
    }
    return seen;
  };
  return { ...options, redact: redactOrReport };
}
