/** `npm start`: the example on one process, nothing else needed. */
import { randomBytes } from 'node:crypto';
import { startApp } from './app.ts';
import { endWithNpm } from './end-with-npm.ts';
import { friendsFileFromEnv } from './friends/file.ts';
import { explain, portFromEnv } from './ports.ts';

endWithNpm();
try {
  const port = await startApp({
    port: portFromEnv(),
    friendsFile: friendsFileFromEnv(),
    secret: process.env['JWT_SECRET'] ?? randomBytes(32).toString('hex'),
  });
  console.log(`Orbit Rush is running: http://localhost:${port}`);
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}
