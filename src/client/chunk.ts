/** Splits id lists so that every request fits into the server's frame limit. Pure. */

/** Message type, request id and map around the ids of a request, with room to spare. */
const ENVELOPE_BYTES = 64;

/** Longest msgpack header of a string. */
const STRING_HEADER_BYTES = 3;

const encoder = new TextEncoder();

/** Bytes of a string as it travels, header included: never fewer than msgpack needs. */
function wireBytes(text: string): number {
  return encoder.encode(text).byteLength + STRING_HEADER_BYTES;
}

/** Whether a request that carries these strings stays within `maxBytes`. */
export function fitsFrame(texts: readonly string[], maxBytes: number): boolean {
  return texts.reduce((bytes, text) => bytes + wireBytes(text), ENVELOPE_BYTES) <= maxBytes;
}

/** Consecutive chunks of at most `maxIds` ids and `maxBytes` bytes each. An id too long for any frame gets a chunk of its own. */
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
