/**
 * The page of the monitor, its stream and its actions, as one handler for
 * express or for `node:http`. It shows the whole cluster from any process.
 *
 * Cost: nothing while nobody watches; then one `presence.overview()` per
 * `everyMs`, however many watch this process.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, parseAction, requireId, run } from './actions.ts';
import { isFromElsewhere, isOwnAction, requireAuth, type MonitorAuth } from './access.ts';
import { assetOf, PAGE } from './assets.ts';
import { BadRequest, readJson } from './body.ts';
import { openStream } from './stream.ts';
import { Watch } from './watch.ts';
import { presence, type PresenceServer } from '../server/presence-server.ts';
import { PresenceError } from '../protocol.ts';

export interface MonitorOptions {
  /**
   * Whether this request may see the monitor and use it. Required in production
   * (`NODE_ENV`); without it only browsers of the same machine are let in.
   */
  auth?: MonitorAuth;
  /** Of another prefix than the default one. Default `presence`. */
  presence?: PresenceServer;
  /** Milliseconds between two looks at the cluster while somebody watches. At least 250. Default `2000`. */
  everyMs?: number;
}

export type MonitorHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

const DEFAULT_EVERY_MS = 2000;
const LEAST_EVERY_MS = 250;

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** An answer other than a page: it goes out as JSON. */
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Throws a `TypeError` for options that make no sense, and in production without `auth`.
 *
 * @example
 * defineServer({
 *   express: (app) => {
 *     app.use('/presence', presenceMonitor({ auth: (request) => isAdmin(request) }));
 *   },
 * });
 */
export function presenceMonitor(options: MonitorOptions = {}): MonitorHandler {
  const { everyMs = DEFAULT_EVERY_MS, presence: server = presence } = options;
  const auth = requireAuth(options.auth);
  if (!(typeof everyMs === 'number' && everyMs >= LEAST_EVERY_MS)) {
    throw new TypeError(`The option "everyMs" of presenceMonitor has to be a number of at least ${LEAST_EVERY_MS}.`);
  }
  const watch = new Watch({ overview: () => server.overview(), now: () => Date.now(), everyMs });
  return (request, response, next) => {
    for (const [name, value] of Object.entries(HEADERS)) {
      response.setHeader(name, value);
    }
    void isLetIn(auth, request)
      .then(async (isIn) => {
        if (!isIn) {
          send(response, { status: 403, body: { error: 'Not allowed.' } });
        } else {
          await serve(request, response, { server, watch, next });
        }
      })
      .catch((error: unknown) => {
        send(response, answerTo(error));
      });
  };
}

/** A check that fails lets nobody in. */
async function isLetIn(auth: MonitorAuth, request: IncomingMessage): Promise<boolean> {
  try {
    const isIn: unknown = await auth(request);
    return isIn === true;
  } catch {
    return false;
  }
}

interface Parts {
  readonly server: PresenceServer;
  readonly watch: Watch;
  readonly next: Parameters<MonitorHandler>[2];
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { server, watch, next }: Parts,
): Promise<void> {
  const [pathname = '/', query] = (request.url ?? '/').split('?');
  const searchParams = new URLSearchParams(query);
  const method = request.method ?? 'GET';
  if (method === 'POST' && pathname === '/act') {
    send(response, await act(request, server, watch));
    return;
  }
  if (method !== 'GET' && method !== 'HEAD') {
    send(response, { status: 405, body: { error: 'Only GET, and POST to /act.' } });
    return;
  }
  const asset = pathname === '/' ? PAGE : assetOf(pathname);
  if (pathname === '/' && !isFolder(request)) {
    // The page names what belongs to it relative to its own address.
    response.writeHead(302, { location: `./${encodeURIComponent(lastPart(request))}/` }).end();
  } else if (asset !== undefined) {
    response.writeHead(200, { 'content-type': asset.type }).end(asset.text);
  } else if (pathname === '/stream' && method === 'HEAD') {
    // Nothing would ever end it, and it would take the place of a viewer.
    send(response, { status: 405, body: { error: 'Only GET.' } });
  } else if (pathname === '/stream' && isFromElsewhere(request)) {
    send(response, { status: 403, body: { error: 'Not allowed.' } });
  } else if (pathname === '/stream') {
    openStream(request, response, watch);
  } else if (pathname === '/user') {
    send(response, { status: 200, body: await server.inspect(requireId(searchParams.get('id'))) });
  } else if (pathname === '/explain') {
    const [viewer, user] = [requireId(searchParams.get('viewer')), requireId(searchParams.get('user'))];
    send(response, { status: 200, body: await server.explain(viewer, user) });
  } else if (next !== undefined) {
    Object.keys(HEADERS).forEach((name) => {
      response.removeHeader(name);
    });
    next();
  } else {
    send(response, { status: 404, body: { error: 'Not found.' } });
  }
}

async function act(request: IncomingMessage, server: PresenceServer, watch: Watch): Promise<Answer> {
  if (!isOwnAction(request)) {
    return { status: 403, body: { error: 'Actions are only taken from the page itself.' } };
  }
  const action = parseAction(await readJson(request));
  const reached = await run(server, action);
  watch.note('action', describe(action, reached));
  return { status: 200, body: reached };
}

/** As the client asked for it: express takes away where the handler is mounted. */
function addressOf(request: IncomingMessage): string {
  const { originalUrl } = request as { originalUrl?: unknown };
  return (typeof originalUrl === 'string' ? originalUrl : (request.url ?? '/')).split('?')[0] ?? '/';
}

function isFolder(request: IncomingMessage): boolean {
  return addressOf(request).endsWith('/');
}

function lastPart(request: IncomingMessage): string {
  return addressOf(request).split('/').at(-1) ?? '';
}

function answerTo(error: unknown): Answer {
  if (error instanceof BadRequest || error instanceof PresenceError) {
    const isUnavailable = error instanceof PresenceError && error.code === 'unavailable';
    return { status: isUnavailable ? 503 : 400, body: { error: error.message } };
  }
  return { status: 500, body: { error: 'The monitor failed to answer.' } };
}

function send(response: ServerResponse, { status, body }: Answer): void {
  if (!response.headersSent) {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
  } else {
    response.end();
  }
}
