/** Checks of values that come from another process, which are untrusted until a check has accepted them. */
export type Guard<T> = (value: unknown) => value is T;

export const number: Guard<number> = (value): value is number => Number.isFinite(value);

export const flag: Guard<boolean> = (value) => typeof value === 'boolean';

/** What JSON can hold. */
export const anything: Guard<unknown> = (_value): _value is unknown => true;

export function text(maxLength: number): Guard<string> {
  return (value): value is string => typeof value === 'string' && value.length <= maxLength;
}

export function oneOf<T extends string>(...names: readonly T[]): Guard<T> {
  return (value): value is T => names.includes(value as T);
}

/** For a field of {@link fields} that may be absent. */
export function maybe<T>(guard: Guard<T>): Guard<T> {
  return (value): value is T => value === undefined || guard(value);
}

export function list<T>(guard: Guard<T>, maxLength: number): Guard<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.length <= maxLength && value.every(guard);
}

/** An object of values of one kind, by any names. */
export function record<T>(guard: Guard<T>, maxSize: number): Guard<Record<string, T>> {
  return (value): value is Record<string, T> =>
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length <= maxSize &&
    Object.values(value).every(guard);
}

/** An object with these fields; it may have more. */
export function fields<T extends object>(guards: { [K in keyof T]-?: Guard<T[K]> }): Guard<T> {
  const entries = Object.entries<Guard<unknown>>(guards);
  return (value): value is T =>
    typeof value === 'object' &&
    value !== null &&
    entries.every(([name, guard]) => guard(Object.hasOwn(value, name) ? (value as never)[name] : undefined));
}
