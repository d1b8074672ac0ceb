/** Reads the body of a request as JSON. */
import type { IncomingMessage } from 'node:http';

/** A status that the server may set has 64 KB at most. */
const MAX_BYTES = 128 * 1024;

/** The page has asked for something that makes no sense; the message is for it. */
export class BadRequest extends Error {}

export async function readJson(request: IncomingMessage): Promise<unknown> {
  const { body } = request as { body?: unknown };
  if (body !== undefined) {
    return body; // a parser of the application was faster
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) {
      throw new BadRequest('The body is too long.');
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw new BadRequest('The body is no JSON.');
  }
}
