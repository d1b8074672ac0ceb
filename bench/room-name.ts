/** The name under which the measured Colyseus room is registered. */
export const ROOM_NAME = 'measured';
