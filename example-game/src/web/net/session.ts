/** Signing in and being in the lobby: the one connection that lasts as long as the page. */
import { Client } from '@colyseus/sdk';
import { PresenceClient } from 'colyseus-presence/client';
import { ARENA_ROOM, LOBBY_ROOM } from '../../shared/rules.ts';
import { FriendBook } from './friend-book.ts';
import { PlayerMemory } from './memory.ts';
import { MyStatus } from './my-status.ts';
import { OpenMatches } from './open-matches.ts';

export interface Session {
  client: Client;
  userId: string;
  username: string;
  presence: PresenceClient;
  friends: FriendBook;
  status: MyStatus;
  matches: OpenMatches;
}

const RENEW_MS = 1_000;

/** Signs in under a name and joins the lobby. Rejects with an Error to show; later failures go to `report`. */
export async function enter(name: string, report: (error: unknown) => void): Promise<Session> {
  const client = new Client(window.location.origin, { urlBuilder });
  const { token, userId, username } = await signIn(name);
  client.auth.token = token;

  const memory = new PlayerMemory(userId);
  const status = new MyStatus(memory);
  const matches = new OpenMatches();
  const friends = new FriendBook(() => client.auth.token);
  const presence = await PresenceClient.join(client, LOBBY_ROOM, {
    status: status.value,
    joinOptions: { filter: { name: ARENA_ROOM } },
    onRoom: (room) => {
      matches.listen(room);
      friends.listen(room);
    },
  });
  status.onChange(() => void presence.setStatus(status.value).catch(report));
  presence.onConnectionChange((state) => {
    if (state === 'rejoining') {
      void renewToken(client, name, () => presence.connection === 'rejoining');
    }
  });
  return { client, userId, username, presence, friends, status, matches };
}

async function signIn(name: string): Promise<{ token: string; userId: string; username: string }> {
  const response = await fetch('/auth/name', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  const body = (await response.json()) as { token: string; userId: string; username: string; error?: string };
  if (!response.ok) {
    throw new Error(body.error ?? 'The server did not accept that name.');
  }
  return body;
}

/**
 * A restarted server signs with another key and refuses the old token. Asks for
 * a new one until the lobby is joined again: the first answer may still come
 * from the server that shuts down.
 */
async function renewToken(client: Client, name: string, needed: () => boolean): Promise<void> {
  while (needed()) {
    const player = await signIn(name).catch(() => undefined);
    if (player !== undefined) {
      client.auth.token = player.token;
    }
    await new Promise((resolve) => setTimeout(resolve, RENEW_MS));
  }
}

/** A cluster on this machine calls itself "localhost"; a phone that opened the page by another name keeps that one. */
function urlBuilder(url: URL): string {
  if (url.hostname === 'localhost') {
    url.hostname = window.location.hostname;
  }
  return url.toString();
}
