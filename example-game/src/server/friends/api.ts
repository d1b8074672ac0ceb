/**
 * `POST /friends/<action> { name }` with the player's token: changes the store,
 * then presence, then what the pages of both players show. Answers 200, or 400
 * with an `error` to show.
 */
import { isDeepStrictEqual } from 'node:util';
import { JWT } from '@colyseus/auth';
import { matchMaker } from '@colyseus/core';
import { presence } from 'colyseus-presence';
import express, { type Router } from 'express';
import { FRIEND_ACTIONS, type FriendAction, type FriendLists } from '../../shared/friends.ts';
import { isName, NAME_RULE, userIdOf } from '../../shared/names.ts';
import { playerOf } from '../name-auth.ts';
import { FRIENDS_CHANGED } from './friends-lobby.ts';
import { FriendError, type FriendStore } from './store.ts';

export function friendsApi(store: FriendStore): Router {
  const router = express.Router();
  router.post('/friends/:action', express.json({ limit: '1kb' }), (request, response, next) => {
    const { action } = request.params;
    answer(store, request.get('authorization') ?? '', action, request.body)
      .catch((error: unknown) => {
        if (!(error instanceof FriendError)) {
          throw error;
        }
        response.status(400);
        return { error: error.message };
      })
      .then((reply) => response.json(reply ?? {}), next);
  });
  return router;
}

/** Throws a {@link FriendError} for the player. */
async function answer(store: FriendStore, token: string, wanted: string, body: unknown): Promise<void> {
  const player = playerOf(await JWT.verify(token).catch(() => undefined));
  const action = FRIEND_ACTIONS.find((known) => known === wanted);
  const name = typeof body === 'object' && body !== null && 'name' in body ? body.name : undefined;
  if (player === undefined) {
    throw new FriendError('The server does not know you any more. Reload the page.');
  }
  if (action === undefined || !isName(name)) {
    throw new FriendError(NAME_RULE);
  }
  await act(store, action, player.userId, name);
}

async function act(store: FriendStore, action: FriendAction, userId: string, name: string): Promise<void> {
  const other = { userId: userIdOf(name), name };
  const both = [userId, other.userId];
  const before = both.map((id) => store.listsOf(id));
  switch (action) {
    case 'ask':
      store.ask(userId, other);
      break;
    case 'accept':
    case 'decline':
    case 'cancel':
    case 'remove':
      store[action](userId, other.userId);
      break;
    case 'block':
      store.block(userId, other);
      await presence.block(userId, other.userId);
      break;
    case 'unblock':
      if (store.unblock(userId, other.userId)) {
        await presence.unblock(userId, other.userId);
      }
      break;
  }
  // Only what has changed: to the one who was blocked, nothing has.
  for (const [index, lists] of before.entries()) {
    await tell(both[index]!, lists, store.listsOf(both[index]!));
  }
}

/** On every device of the user, on every process. */
async function tell(userId: string, before: FriendLists, after: FriendLists): Promise<void> {
  if (!isDeepStrictEqual(before, after)) {
    await matchMaker.presence.publish(FRIENDS_CHANGED, userId);
  }
  const idsOf = ({ friends }: FriendLists): string[] => friends.map((friend) => friend.userId);
  const [had, has] = [idsOf(before), idsOf(after)];
  await presence.follow(
    { userId },
    has.filter((id) => !had.includes(id)),
  );
  await presence.unfollow(
    { userId },
    had.filter((id) => !has.includes(id)),
  );
}
