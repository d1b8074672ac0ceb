/** socket.io: one room per followed user. */
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import type { Delta, Presence } from '../../src/protocol.ts';
import { listen, presenceOf, type Running } from './running.ts';

interface ClientEvents {
  status: (message: { status: string }) => void;
  follow: (message: { userIds: string[] }, answer: (reply: { presences: Presence[] }) => void) => void;
}
interface ServerEvents {
  delta: (delta: Delta) => void;
}

export async function startSocketIo(): Promise<Running> {
  const http = createServer();
  const io = new Server<ClientEvents, ServerEvents>(http, { transports: ['websocket'], serveClient: false });
  const presences = new Map<string, Presence>();

  io.on('connection', (socket) => {
    const userId = String((socket.handshake.auth as { token?: unknown }).token);

    socket.on('status', ({ status }) => {
      const old = presences.get(userId);
      const presence = presenceOf(userId, socket.id, status);
      presences.set(userId, presence);
      io.to(`followers:${userId}`).emit('delta', { joins: [presence], leaves: old ? [old] : [] });
    });

    socket.on('follow', ({ userIds }, answer) => {
      void socket.join(userIds.map((id) => `followers:${id}`));
      answer({ presences: userIds.flatMap((id) => presences.get(id) ?? []) });
    });

    socket.on('disconnect', () => presences.delete(userId));
  });
  return { port: await listen(http) };
}
