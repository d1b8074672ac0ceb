/** A TCP proxy in front of a server, which cuts, swallows and refuses as the test wants. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** From now on nothing passes on the connections that are open, in both directions, and neither side is told. New connections work. */
  freeze(): void;
  /**
   * What becomes of new connections: they work (`pass`), nothing passes on them and nobody is told (`swallow`), or they
   * are accepted and closed at once (`close`).
   */
  admit: 'pass' | 'swallow' | 'close';
  /** Closes the connections that are open. */
  cut(): void;
  stop(): Promise<void>;
}

export async function startProxy(targetPort: number): Promise<TcpProxy> {
  const frozen = new WeakSet<Socket>();
  const open = new Set<Socket>();
  let accepted = 0;

  const server = createServer((client) => {
    accepted++;
    open.add(client);
    client.on('error', () => {});
    client.on('close', () => open.delete(client));
    if (proxy.admit === 'close') {
      client.destroy();
      return;
    }
    if (proxy.admit === 'swallow') {
      frozen.add(client);
      client.resume();
      return;
    }
    const target = connect(targetPort, '127.0.0.1');
    target.on('error', () => {});
    const forward = (from: Socket, to: Socket): void => {
      from.on('data', (bytes) => {
        if (!frozen.has(client)) {
          to.write(bytes);
        }
      });
      from.on('close', () => {
        if (!frozen.has(client)) {
          to.end();
        }
      });
    };
    forward(client, target);
    forward(target, client);
    // Whatever the client sees, the server must not keep the connection after the client has gone.
    client.on('close', () => {
      target.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    get accepted() {
      return accepted;
    },
    freeze: () => {
      open.forEach((client) => frozen.add(client));
    },
    admit: 'pass',
    cut: () => {
      open.forEach((client) => {
        client.destroy();
      });
    },
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      proxy.cut();
      await closed;
    },
  };
  return proxy;
}
