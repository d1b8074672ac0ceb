/** What the match room and the page say to each other beside the state. */

/** Page → room, whenever the wish changes: where to accelerate. */
export interface SteerMessage {
  x: number;
  y: number;
}

/** Answer to the request `me`: which ship is mine. */
export interface MeReply {
  shipId: string;
}

/** Room → page, message `fx`: something worth drawing happened at a place. */
export type Effect =
  | { kind: 'pickup'; x: number; y: number; shipId: string; value: number }
  | { kind: 'bump'; x: number; y: number; by: string; hit: string; dropped: number }
  | { kind: 'burn'; x: number; y: number; shipId: string; dropped: number }
  | { kind: 'dash'; x: number; y: number; shipId: string };

/** Room → page, message `fx`, at most one per tick. */
export type EffectsMessage = Effect[];

/** What the lobby's room list says about a match. */
export interface ArenaMetadata {
  host: string;
}
