/** One viewer of the monitor, by server-sent events. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Watch } from './watch.ts';

/** Then the browser connects again, and is asked again who it is. */
const MAX_STREAM_MS = 10 * 60_000;
const MAX_VIEWERS = 50;
/** A viewer that does not read gets nothing more until it does. */
const MAX_BUFFERED_BYTES = 256 * 1024;

export function openStream(request: IncomingMessage, response: ServerResponse, watch: Watch): void {
  if (watch.viewers >= MAX_VIEWERS) {
    response.writeHead(503, { 'retry-after': '10' }).end();
    return;
  }
  // `x-accel-buffering`: nginx would keep the events back.
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  response.write('retry: 1000\n\n');
  const stop = watch.add((message) => {
    if (response.writableLength < MAX_BUFFERED_BYTES) {
      response.write(`data: ${JSON.stringify(message)}\n\n`);
    }
  });
  const end = setTimeout(() => {
    response.end();
  }, MAX_STREAM_MS);
  end.unref();
  const close = (): void => {
    clearTimeout(end);
    stop();
  };
  request.once('close', close);
  response.once('close', close);
}
