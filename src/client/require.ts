/** What the application passes to the helper, checked: a wrong argument is one sentence that says what to pass. */
import { notAnId, toUserId } from '../ids.ts';
import { PresenceError } from '../protocol.ts';
import { didYouMean, given } from '../wording.ts';

/** What an option may be: anything, a JSON object, a value of a type, one of a list, or a number of at least so much. */
export type Rule = 'anything' | 'JSON object' | 'function' | 'string' | 'boolean' | readonly string[] | number;
export type Rules<T> = { readonly [K in keyof T]-?: Rule };

/** The error of a wrong argument. */
export function invalid(message: string): PresenceError {
  return new PresenceError('invalid_payload', { message });
}

/** The error of a wrong argument: what it is, what it has to be, and what was given. */
export function wrong(what: string, expected: string, value: unknown): PresenceError {
  return invalid(`${what} has to be ${expected}, but is ${given(value)}.`);
}

export function requireUserId(user: unknown): string {
  const userId = toUserId(user);
  if (userId === undefined) {
    throw invalid(notAnId(user));
  }
  return userId;
}

/** The given options, checked, without those that are `undefined`. */
export function requireOptions<T extends object>(what: string, options: T | undefined, rules: Rules<T>): T {
  const checked: Record<string, unknown> = {};
  if (options !== undefined && !isJsonObject(options)) {
    throw wrong(`The argument "options" of ${what}`, 'an object', options);
  }
  for (const [name, value] of Object.entries(options ?? {})) {
    const rule = Object.hasOwn(rules, name) ? rules[name as keyof T] : undefined;
    if (rule === undefined) {
      throw invalid(`"${name}" is not an option of ${what}${didYouMean(name, Object.keys(rules))}`);
    }
    if (value !== undefined) {
      requireValue(`The option "${name}" of ${what}`, value, rule);
      checked[name] = value;
    }
  }
  return checked as T;
}

function requireValue(what: string, value: unknown, rule: Rule): void {
  if (typeof rule === 'number') {
    // NaN is no number here.
    if (typeof value !== 'number' || !(value >= rule)) {
      throw wrong(what, `a number of at least ${rule}`, value);
    }
  } else if (typeof rule === 'object') {
    if (!rule.includes(value as string)) {
      throw wrong(what, `one of ${rule.join(', ')}`, value);
    }
  } else if (rule !== 'anything' && (rule === 'JSON object' ? !isJson(value) : typeof value !== rule)) {
    throw wrong(what, `a ${rule}`, value);
  }
}

function isJson(value: unknown): boolean {
  try {
    return isJsonObject(value) && JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}

function isJsonObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
