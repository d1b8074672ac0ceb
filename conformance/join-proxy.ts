/**
 * Stands before a server of 0.18 for an SDK of 0.17: takes the length of the
 * reflection out of the join frame. Everything else passes as it is.
 */
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { freePort } from '../test/support/server.ts';

const JOIN = 10;

export async function startJoinProxy(target: number): Promise<{ port: number; stop: () => void }> {
  const port = await freePort();
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void fetch(`http://127.0.0.1:${target}${request.url ?? ''}`, {
        method: request.method ?? 'POST',
        headers: {
          'content-type': 'application/json',
          ...(request.headers.authorization !== undefined && { authorization: request.headers.authorization }),
        },
        body: Buffer.concat(chunks),
      }).then(async (answer) => {
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(await answer.text());
      });
    });
  });
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (near, { url = '' }) => {
    const far = new WebSocket(`ws://127.0.0.1:${target}${url}`);
    const early: Buffer[] = [];
    near.on('message', (data: Buffer) => {
      if (far.readyState === WebSocket.OPEN) {
        far.send(data);
      } else {
        early.push(data);
      }
    });
    far.on('open', () => {
      early.forEach((data) => far.send(data));
    });
    far.on('message', (data: Buffer) => {
      near.send(data[0] === JOIN ? withoutLength(data) : data);
    });
    near.on('close', () => far.terminate());
    far.on('close', (code) => {
      near.close(code >= 3000 || code === 1000 ? code : 1001);
    });
    far.on('error', () => near.terminate());
  });
  await new Promise<void>((resolve) => {
    http.listen(port, '127.0.0.1', resolve);
  });
  return {
    port,
    stop: () => {
      sockets.clients.forEach((client) => client.terminate());
      http.close();
    },
  };
}

/** One byte n, n bytes of the token, one byte n, n bytes of the serializer, the length, the reflection. */
function withoutLength(frame: Buffer): Buffer {
  const serializer = 2 + (frame[1] ?? 0);
  const length = serializer + 1 + (frame[serializer] ?? 0);
  const [first = 0] = frame.subarray(length);
  const size = first < 0x80 ? 1 : first === 0xcc ? 2 : 3;
  return Buffer.concat([frame.subarray(0, length), frame.subarray(length + size)]);
}
