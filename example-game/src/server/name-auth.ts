/**
 * Sign-in for the demo: a name becomes a signed token, and whoever types a name
 * is that player. A real game puts its accounts here; the rest stays the same.
 */
// Importing @colyseus/auth also makes it every room's default `onAuth`: a valid
// token becomes `client.auth`, a forged or expired one is refused.
import { JWT } from '@colyseus/auth';
import express, { type Router } from 'express';
import { isName, NAME_RULE, userIdOf } from '../shared/names.ts';

/** What a token says about its bearer. */
export interface Player {
  userId: string;
  username: string;
}

/** Sets the key that signs tokens. Every process of a cluster needs the same one. */
export function useSecret(secret: string): void {
  JWT.settings.secret = secret;
}

/** `POST /auth/name { name }` → `{ token, userId, username }`, or 400 with an `error` to show. */
export function nameAuth(onSignIn: (player: Player) => void): Router {
  const router = express.Router();
  router.post('/auth/name', express.json({ limit: '1kb' }), (request, response, next) => {
    const body: unknown = request.body;
    const name = typeof body === 'object' && body !== null && 'name' in body ? body.name : undefined;
    if (!isName(name)) {
      response.status(400).json({ error: NAME_RULE });
      return;
    }
    const player: Player = { userId: userIdOf(name), username: name };
    onSignIn(player);
    JWT.sign(player, { expiresIn: '7d' }).then((token) => response.json({ ...player, token }), next);
  });
  return router;
}

/** The player behind `client.auth`, if it is one of ours. */
export function playerOf(auth: unknown): Player | undefined {
  if (typeof auth !== 'object' || auth === null || !('userId' in auth) || !('username' in auth)) {
    return undefined;
  }
  const { userId, username } = auth;
  return typeof userId === 'string' && typeof username === 'string' ? { userId, username } : undefined;
}
