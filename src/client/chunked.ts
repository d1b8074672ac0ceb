/** Runs one request per chunk of a long id list, one after the other. */
import { PresenceError } from '../protocol.ts';
import { chunkIds } from './chunk.ts';

/** How long a chunk may be. `maxIds` shrinks when the server turns out to allow fewer. */
export interface ChunkLimits {
  maxIds: number;
  readonly maxBytes: number;
}

/** Stops at the first failure; what ran before it stays done. A chunk that answers `too_many_ids` is halved. */
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
