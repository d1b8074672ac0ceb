/** Who may come into a match: chosen when it is made. */

export const ACCESS = ['open', 'friends', 'invite'] as const;
export type Access = (typeof ACCESS)[number];

/** The choice in the options of a new match; `open` when they make no sense. */
export function accessFrom(options: unknown): Access {
  const wanted = typeof options === 'object' && options !== null && 'access' in options ? options.access : undefined;
  return ACCESS.find((access) => access === wanted) ?? 'open';
}
