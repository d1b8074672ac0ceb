/** Breaks a TCP connection silently, as a lost network does. */
import { matchMaker, type Client, type Room } from '@colyseus/core';
import { until } from './until.ts';
import type { Person } from './person.ts';

export function serverRoom(person: Person): Room {
  return matchMaker.getLocalRoomById(person.room.roomId);
}

function serverClient(person: Person): Client | undefined {
  return serverRoom(person).clients.get(person.room.sessionId);
}

/** The server sees the connection gone. With `andStayAway` the SDK does not come back. */
export async function drop(person: Person, andStayAway = false): Promise<void> {
  if (andStayAway) {
    person.room.reconnection.enabled = false;
  }
  const room = serverRoom(person);
  const client = room.clients.get(person.room.sessionId);
  (client!.ref as unknown as { terminate(): void }).terminate();
  await until(() => !room.clients.includes(client!), 'the server to notice the drop');
}

/** The SDK got its seat back, and the server has sent what was missed. */
export async function comeBack(person: Person): Promise<void> {
  await until(() => person.room.connection.isOpen && serverClient(person) !== undefined, 'the reconnection', 10_000);
  await person.settle();
}
