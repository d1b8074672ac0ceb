/** `npm start`: the example on one process, nothing else needed. */
import { randomBytes } from 'node:crypto';
import { explain, portFromEnv, startApp } from './app.ts';

let wanted = 0;
try {
  wanted = portFromEnv();
  const port = await startApp({
    port: wanted,
    secret: process.env['JWT_SECRET'] ?? randomBytes(32).toString('hex'),
  });
  console.log(`Orbit Rush is running: http://localhost:${port}`);
} catch (error) {
  console.error(explain(error, wanted));
  process.exit(1);
}
