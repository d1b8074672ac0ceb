/** One address for several servers: hands each matchmaking request to the next, and to the one after it when that does not answer. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Balancer {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  let next = 0;
  const pass = (incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse, attempts: number): void => {
    const { method, url: path, headers } = incoming;
    const port = ports[next++ % ports.length]!;
    request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    })
      .on('error', () => {
        if (attempts > 1) {
          pass(incoming, body, outgoing, attempts - 1);
        } else {
          outgoing.writeHead(502).end();
        }
      })
      .end(body);
  };
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      pass(incoming, Buffer.concat(chunks), outgoing, ports.length);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
