/** A format that does not exist: what the release after this one may write. This release cannot make sense of it. */
import type { Format } from '../../../src/cluster/formats.ts';

export const NEXT: Format = {
  version: 2,
  pack: (envelope) => {
    const { f, u, ...rest } = envelope as { f: string; u?: string };
    return { f, ...(u !== undefined && { u }), body: Buffer.from(JSON.stringify(rest)).toString('base64') };
  },
  unpack: ({ f, u, body }) => ({
    f,
    ...(u !== undefined && { u }),
    ...(JSON.parse(Buffer.from(body as string, 'base64').toString()) as object),
  }),
};
