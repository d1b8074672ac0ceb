/** The lower bound: each update is encoded once and sent in a loop over `ws` sockets. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Presence } from '../../src/protocol.ts';
import { type Fault, listen, presenceOf, type Running } from './running.ts';

interface User {
  connectionId: string;
  socket: WebSocket | null;
  presence: Presence | null;
  followers: Set<WebSocket>;
}

type Request = { t: 'status'; status: string } | { t: 'follow'; userIds: string[] };

export async function startWs(fault?: Fault): Promise<Running> {
  const users = new Map<string, User>();
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  const send = fault ? faulty(fault, users) : (follower: WebSocket, bytes: Buffer) => follower.send(bytes);

  server.on('connection', (socket, request) => {
    const userId = new URL(`ws://host${request.url ?? ''}`).searchParams.get('user') ?? '';
    const user = userOf(users, userId);
    user.socket = socket;
    const followed: User[] = [];

    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Request;
      if (message.t === 'status') {
        const old = user.presence;
        user.presence = presenceOf(userId, user.connectionId, message.status);
        const bytes = Buffer.from(JSON.stringify({ t: 'delta', joins: [user.presence], leaves: old ? [old] : [] }));
        for (const follower of user.followers) {
          send(follower, bytes, userId);
        }
        return;
      }
      const presences: Presence[] = [];
      for (const id of message.userIds) {
        const other = userOf(users, id);
        other.followers.add(socket);
        followed.push(other);
        if (other.presence) {
          presences.push(other.presence);
        }
      }
      socket.send(Buffer.from(JSON.stringify({ t: 'reply', presences })));
    });

    socket.on('close', () => {
      user.socket = null;
      user.presence = null;
      for (const other of followed) {
        other.followers.delete(socket);
      }
    });
  });
  return { port: await listen(http) };
}

function userOf(users: Map<string, User>, userId: string): User {
  let user = users.get(userId);
  if (user === undefined) {
    user = { connectionId: randomBytes(6).toString('base64url'), socket: null, presence: null, followers: new Set() };
    users.set(userId, user);
  }
  return user;
}

/** A sender that makes one kind of mistake at every n-th delivery. */
function faulty(fault: Fault, users: Map<string, User>): (follower: WebSocket, bytes: Buffer, userId: string) => void {
  let count = 0;
  const first = new Map<string, Buffer>();
  return (follower, bytes, userId) => {
    const wrong = ++count % fault.every === 0;
    if (!wrong || fault.kind !== 'drop') {
      follower.send(bytes);
    }
    if (wrong && fault.kind === 'repeat') {
      follower.send(bytes);
    }
    if (wrong && fault.kind === 'stale') {
      follower.send(first.get(userId) ?? bytes);
    }
    if (wrong && fault.kind === 'foreign') {
      for (const user of users.values()) {
        if (user.socket !== null && user.socket !== follower) {
          user.socket.send(bytes);
        }
      }
    }
    if (!first.has(userId)) {
      first.set(userId, bytes);
    }
  };
}
