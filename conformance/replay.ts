/**
 * Plays a recording to an SDK whose decoder cannot be called by itself: a server
 * that sends one frame, and the next when the client has answered with any message.
 */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import type { Line } from './recorder.ts';
import { freePort } from '../test/support/server.ts';

const JOIN = 10;
const MESSAGE = 13;
const STATE = 14;
const PATCH = 15;

export async function startReplay(lines: readonly Line[]): Promise<{ url: string; stop: () => void }> {
  const port = await freePort();
  const http = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ name: 'presence', sessionId: 'session', roomId: 'room', processId: 'process' }));
  });
  const sockets = new WebSocketServer({ server: http });
  const frames = lines.values();
  let reflection = '';
  for (const line of lines) {
    reflection ||= line.line === 'join' ? line.bytes : '';
  }
  sockets.on('connection', (socket) => {
    socket.send(Buffer.concat([Buffer.of(JOIN), text('token'), text('schema'), sized(Buffer.from(reflection, 'hex'))]));
    socket.on('message', (data: Buffer) => {
      if (data[0] !== JOIN && data[0] !== MESSAGE) {
        return;
      }
      for (const line of frames) {
        switch (line.line) {
          case 'return':
            socket.terminate();
            return;
          case 'state':
          case 'patch':
            socket.send(
              Buffer.concat([Buffer.of(line.line === 'state' ? STATE : PATCH), Buffer.from(line.bytes, 'hex')]),
            );
            return;
          case 'message':
            socket.send(
              Buffer.concat([
                Buffer.of(MESSAGE, 0xa0 | line.type.length),
                Buffer.from(line.type),
                Buffer.from(line.bytes, 'hex'),
              ]),
            );
            return;
          case 'header':
          case 'join':
          case 'step':
        }
      }
      socket.close(4000);
    });
  });
  await new Promise<void>((resolve) => {
    http.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => {
      sockets.clients.forEach((client) => client.terminate());
      http.close();
    },
  };
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
}

/** With its length before it, as the number of the state's encoding. */
function sized(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0xcd, bytes.length & 0xff, bytes.length >> 8), bytes]);
}
