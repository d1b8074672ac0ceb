/**
 * Whose a connection is when several processes say that it is theirs: a player
 * came back elsewhere, and the process it came from has not heard of it yet.
 * Pure, and the same on every process, so that all come to the same answer in
 * whatever order they hear.
 */
import type { Register, RegisterEntry } from './ports.ts';

export interface Claim {
  readonly incarnation: string;
  readonly entry: { readonly takeovers?: number; readonly handoverUntil?: number | undefined; readonly setAt: number };
}

/** Whether `a` counts rather than `b`. */
export function outranks(a: Claim, b: Claim): boolean {
  // Who has the player over who has lost it; then who took over last; then the later status; then anything that is the same for all.
  return (
    (Number(holds(a)) - Number(holds(b)) ||
      takeovers(a) - takeovers(b) ||
      a.entry.setAt - b.entry.setAt ||
      (a.incarnation > b.incarnation ? 1 : -1)) > 0
  );
}

function takeovers({ entry }: Claim): number {
  return entry.takeovers ?? 0;
}

function holds({ entry }: Claim): boolean {
  return entry.handoverUntil === undefined;
}

/** Who has the best claim to `connectionId`, of these registers. */
export function bestClaim(
  registers: Iterable<readonly [incarnation: string, register: Register]>,
  connectionId: string,
): { incarnation: string; entry: RegisterEntry } | undefined {
  let best: { incarnation: string; entry: RegisterEntry } | undefined;
  for (const [incarnation, { entries }] of registers) {
    for (const entry of entries) {
      if (entry.connectionId === connectionId && (best === undefined || outranks({ incarnation, entry }, best))) {
        best = { incarnation, entry };
      }
    }
  }
  return best;
}
