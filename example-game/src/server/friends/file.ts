/** Where the friends are kept. */
import { fileURLToPath } from 'node:url';

/** The environment variable FRIENDS_FILE; default `data/friends.sqlite` beside `src`. `:memory:` forgets them with the process. */
export function friendsFileFromEnv(): string {
  return process.env['FRIENDS_FILE'] ?? fileURLToPath(new URL('../../../data/friends.sqlite', import.meta.url));
}
