/** Who may look, and whether an action comes from the page itself. */
import type { IncomingMessage } from 'node:http';

/** Whether this request may see the monitor and use it. */
export type MonitorAuth = (request: IncomingMessage) => boolean | Promise<boolean>;

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);
const LOCAL_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

/** Throws in production, where nobody may look without the developer's say. */
export function requireAuth(auth: unknown): MonitorAuth {
  if (typeof auth === 'function') {
    return auth as MonitorAuth;
  }
  if (auth !== undefined) {
    throw new TypeError(
      'The option "auth" of presenceMonitor has to be a function of the request that returns true for whoever may look.',
    );
  }
  if (process.env['NODE_ENV'] === 'production') {
    throw new TypeError(
      'presenceMonitor shows every player and can disconnect them: in production it needs the option "auth", a function of the request that returns true for whoever may look.',
    );
  }
  return isLocal;
}

/** Without `auth`: a browser on this very machine, and not one that another site or a proxy sends. */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  return (
    LOOPBACK.has(socket.remoteAddress ?? '') &&
    LOCAL_HOST.test(headers.host ?? '') &&
    headers['x-forwarded-for'] === undefined &&
    headers.forwarded === undefined
  );
}

/** The header that the page sends. Another site cannot send it: the browser would first ask by a preflight request, which is not answered. */
export const ACTION_HEADER = 'x-presence-monitor';

/** Whether a page of this very site has sent the request. */
export function isOwnAction({ headers }: IncomingMessage): boolean {
  if (headers[ACTION_HEADER] !== '1' || headers['content-type']?.split(';')[0]?.trim() !== 'application/json') {
    return false;
  }
  const site = headers['sec-fetch-site'];
  if (site !== undefined) {
    return site === 'same-origin';
  }
  const { origin, host } = headers;
  return origin === undefined ? false : hostOf(origin) === host;
}

/** Whether a browser says that the page of another site has sent the request: it could not read the answer, but keep others from it. */
export function isFromElsewhere({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  return site === 'cross-site' || site === 'same-site';
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}
