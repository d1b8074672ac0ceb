/** Logs why clients of a room have no user: one line per class of room, because all of its clients mostly have the same reason. */
import type { Room } from '@colyseus/core';
import type { Runtime } from '../server/runtime.ts';

const told = new WeakSet<object>();

export function tellUnidentified(room: Room, log: Runtime['log'], reason: string): void {
  const roomClass = room.constructor;
  if (!told.has(roomClass)) {
    told.add(roomClass);
    log.warn(
      `[presence:no_user] A client of the room "${room.roomName}" (${roomClass.name}) has no user id: ${reason}. Return one from onAuth, or name it with the option "identify". This is said once per class of room.`,
    );
  }
}
