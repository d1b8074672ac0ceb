/** TCP ports: the one that is asked for, and those that are free. */
import { createServer, type AddressInfo } from 'node:net';

/** Resolves with `port` if nobody listens on it (0 = with any free one); rejects with a sentence if it is taken. */
export async function probePort(port: number): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is taken. Choose another one, for example: PORT=${port + 10} npm start`)
          : error,
      ),
    );
    probe.listen(port, resolve);
  });
  const { port: found } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return found;
}

/** The port from the environment variable PORT; default 2567, 0 = any free one. */
export function portFromEnv(): number {
  const port = Number(process.env['PORT'] ?? 2567);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`PORT must be a number from 0 to 65535, but is "${process.env['PORT']}".`);
  }
  return port;
}

/** What to print about a failed start. */
export function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
