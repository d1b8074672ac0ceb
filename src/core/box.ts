/** A presence and what was encoded of it, so that each is encoded once however many hear of it. Never mutated but for its slots. */
import { samePresence } from '../status.ts';
import type { Presence } from '../protocol.ts';

export interface Box {
  readonly presence: Presence;
  /** Slot of the codec. */
  bytes: Uint8Array | undefined;
  /** What `redact` made of it, by content: viewers that see the same share the bytes. */
  variants: Map<string, Box> | undefined;
}

export function makeBox(presence: Presence): Box {
  return { presence, bytes: undefined, variants: undefined };
}

/** The box of `box` as a `redact` hook has changed it. The ids cannot be changed. */
export function variantOf(box: Box, seen: Presence): Box {
  const { userId, connectionId } = box.presence;
  const presence: Presence = {
    userId,
    connectionId,
    status: seen.status.toWellFormed(),
    ...(typeof seen.matchId === 'string' && { matchId: seen.matchId.toWellFormed() }),
    ...(typeof seen.username === 'string' && { username: seen.username.toWellFormed() }),
  };
  if (samePresence(presence, box.presence)) {
    return box;
  }
  const key = JSON.stringify([presence.status, presence.matchId ?? null, presence.username ?? null]);
  box.variants ??= new Map();
  let variant = box.variants.get(key);
  if (variant === undefined) {
    variant = makeBox(presence);
    box.variants.set(key, variant);
  }
  return variant;
}
