/** Opaque ids of 96 random bits. Randomness is fetched for many at once: a call of its own per id costs as much as the rest of a connection. */
import { randomFillSync } from 'node:crypto';

const ID_BYTES = 12;
const IDS_AT_ONCE = 128;

export function randomIds(): () => string {
  const pool = Buffer.alloc(ID_BYTES * IDS_AT_ONCE);
  let offset = pool.length;
  return () => {
    if (offset === pool.length) {
      randomFillSync(pool);
      offset = 0;
    }
    return pool.toString('base64url', offset, (offset += ID_BYTES));
  };
}
