/** Notices when a plugin gets its room. */
import type { Room, RoomPlugin } from '@colyseus/core';
import { refuseToCreate } from './around.ts';

/** Calls `begin` when Colyseus sets `plugin.room`: the room is complete then, and no hook has run. A second room cannot have the same plugin. */
export function onRoom(plugin: RoomPlugin, begin: (room: Room) => void): void {
  let room: Room | undefined;
  Object.defineProperty(plugin, 'room', {
    get: () => room,
    set: (made: Room) => {
      if (room === undefined) {
        room = made;
        begin(made);
      } else {
        const name = plugin.constructor.name;
        refuseToCreate(
          made,
          `A ${name} serves one room, but a second ${made.constructor.name} was made with the same one: write \`new ${name}()\` in the room, \`plugins = definePlugins([new ${name}()])\`, not outside of its class.`,
        );
      }
    },
  });
}
