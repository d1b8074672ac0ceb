/**
 * The numbers that stand for users and connections in the schema state. A
 * number follows from the id and a secret of this process: a counter would
 * show followers who came and went unseen, and whether a user they follow
 * anew had been forgotten in between or is here, invisible.
 */
export class Refs {
  readonly #secret: number;
  readonly #taken = new Set<number>();

  constructor(secret: string) {
    this.#secret = hash(secret, 0);
  }

  /** A number of its own for `id`, and the one after it. At least 2: 0 is the root of the state, 1 its map of users. */
  take(id: string): number {
    let slot = hash(id, this.#secret) >>> 2;
    while (slot === 0 || this.#taken.has(slot)) {
      slot = (slot + 1) & 0x3fffffff;
    }
    this.#taken.add(slot);
    return slot * 2;
  }

  /** The number may stand for somebody else. Idempotent. */
  give(ref: number): void {
    this.#taken.delete(ref / 2);
  }

  /** Numbers in use. */
  get size(): number {
    return this.#taken.size;
  }
}

/** 32 well-mixed bits (FNV-1a, finished as MurmurHash3 does). */
function hash(text: string, seed: number): number {
  let bits = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) {
    bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193);
  }
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
