/** Splits id lists so that every request fits into the server's frame limit, and runs one request for each part. */
import { PresenceError } from '../protocol.ts';

/** Bytes of a request besides its ids: message type, `cid`, field names. An upper bound. */
const ENVELOPE_BYTES = 64;

/** Bytes of the longest msgpack header a string of an id list can have. */
const STRING_HEADER_BYTES = 3;

const encoder = new TextEncoder();

/** Bytes of a string on the wire, header included. An upper bound. */
function wireBytes(text: string): number {
  return encoder.encode(text).byteLength + STRING_HEADER_BYTES;
}

/** Whether a request that carries these strings stays within `maxBytes`. */
export function fitsFrame(texts: readonly string[], maxBytes: number): boolean {
  return texts.reduce((bytes, text) => bytes + wireBytes(text), ENVELOPE_BYTES) <= maxBytes;
}

/** Consecutive chunks of at most `maxIds` ids and `maxBytes` bytes each. An id that fits into no frame gets a chunk of its own. */
export function chunkIds(ids: readonly string[], maxIds: number, maxBytes: number): string[][] {
  const chunks: string[][] = [];
  let chunk: string[] = [];
  let bytes = ENVELOPE_BYTES;
  for (const id of ids) {
    const size = wireBytes(id);
    if (chunk.length > 0 && (chunk.length >= maxIds || bytes + size > maxBytes)) {
      chunks.push(chunk);
      chunk = [];
      bytes = ENVELOPE_BYTES;
    }
    chunk.push(id);
    bytes += size;
  }
  if (chunk.length > 0) {
    chunks.push(chunk);
  }
  return chunks;
}

/** Limits of one chunk. `maxIds` is lowered when the server allows fewer. */
export interface ChunkLimits {
  maxIds: number;
  readonly maxBytes: number;
}

/** Runs the chunks one after the other and stops at the first that fails. A chunk refused with `too_many_ids` is halved and tried again. */
export async function eachChunk(
  ids: readonly string[],
  limits: ChunkLimits,
  run: (chunk: string[]) => Promise<void>,
): Promise<void> {
  let chunks = chunkIds(ids, limits.maxIds, limits.maxBytes);
  for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
    try {
      await run(chunk);
    } catch (error) {
      if (!(error instanceof PresenceError) || error.code !== 'too_many_ids' || chunk.length === 1) {
        throw error;
      }
      limits.maxIds = Math.ceil(chunk.length / 2);
      chunks = chunkIds([...chunk, ...chunks.flat()], limits.maxIds, limits.maxBytes);
    }
  }
}
