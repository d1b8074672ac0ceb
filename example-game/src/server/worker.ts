/** One server process of the cluster; started by cluster.ts, which it tells when it is ready. */
import { startApp } from './app.ts';
import { friendsFileFromEnv } from './friends/file.ts';
import { explain, portFromEnv } from './ports.ts';

// Without cluster.ts nobody would end this process.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
try {
  const { REDIS_URL: redisUrl, JWT_SECRET: secret, PUBLIC_ADDRESS: publicAddress } = process.env;
  if (redisUrl === undefined || secret === undefined || publicAddress === undefined) {
    throw new Error('A worker is started by cluster.ts, not on its own.');
  }
  await startApp({ port: portFromEnv(), secret, friendsFile: friendsFileFromEnv(), redisUrl, publicAddress });
  process.send?.('ready');
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}
