/**
 * Every key and topic of the cluster. `docs/scaling.md` tells who owns each
 * and how long it lives.
 */
export interface Keys {
  /** Hash of one user, incarnation → register; also the topic of its registers. */
  user(userId: string): string;
  /** Set of incarnations that have something to sweep. Each adds itself when all it owns is stored: what a user's hash lacks of it then is gone, not lost. */
  readonly processes: string;
  /** Proof of life of one incarnation. Expires by itself. */
  lease(incarnation: string): string;
  /** Set of the users one incarnation has a field for: what its sweeper goes through. */
  users(incarnation: string): string;
  /** Who sweeps an incarnation. Expires by itself. */
  claim(incarnation: string): string;
  /** `offline` of a user nobody announces. Expires by itself. */
  offline(userId: string): string;
  /** The topic every process listens to: beats, farewells, commands. */
  readonly control: string;
}

export function keysOf(prefix: string): Keys {
  return {
    user: (userId) => `${prefix}:u:${userId}`,
    processes: `${prefix}:p`,
    lease: (incarnation) => `${prefix}:l:${incarnation}`,
    users: (incarnation) => `${prefix}:pu:${incarnation}`,
    claim: (incarnation) => `${prefix}:s:${incarnation}`,
    offline: (userId) => `${prefix}:o:${userId}`,
    control: `${prefix}:c`,
  };
}
