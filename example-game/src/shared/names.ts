/**
 * In this demo a name is an identity: the user id is the name in lower case,
 * so that friends can be added by typing their name.
 */

/** 2 to 16 letters, digits, `-` or `_`. */
export const NAME_PATTERN = /^[A-Za-z0-9_-]{2,16}$/;

/** What to tell a player whose name does not fit. */
export const NAME_RULE = 'Use 2 to 16 letters, digits, - or _.';

/** Whether `value` can be a player's name. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME_PATTERN.test(value);
}

/** The user id behind a name. */
export function userIdOf(name: string): string {
  return name.toLowerCase();
}

/** Far enough apart to tell ships from each other; neither the gold of the star nor the teal of the shards. */
export const HUES = [200, 222, 252, 276, 300, 322, 344, 8, 88, 118] as const;

/** A hue (0-359) that always belongs to the same user: avatars and ships share it. */
export function hueOf(userId: string): number {
  let hash = 2166136261;
  for (const character of userId) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619);
  }
  return HUES[(hash >>> 0) % HUES.length] ?? 0;
}
