/** The numbers of Orbit Rush that both ends must agree on. Lengths in world units, times in ms unless said. */

export const GAME_NAME = 'Orbit Rush';
/** Name of the match room type on the server. */
export const ARENA_ROOM = 'arena';
/** Name of the lobby room type on the server. */
export const LOBBY_ROOM = 'lobby';

/** Seats in one match. */
export const MAX_PLAYERS = 4;
/** Below this many people, bots fill the match up to `MAX_PLAYERS` ships. */
export const BOTS_BELOW = 3;

/** Length of a round and of the scoreboard after it. */
export const ROUND_MS = 75_000;
export const RESULTS_MS = 8_000;

/** The arena is a disc around the star at the origin. */
export const ARENA_RADIUS = 720;
export const STAR_RADIUS = 58;
export const SHIP_RADIUS = 19;
/** A shard is collected within this distance of the ship's centre. */
export const PICKUP_RADIUS = 40;

export const STEP_SECONDS = 1 / 60;
/** Units per second squared at full thrust. */
export const THRUST = 980;
/** Fraction of the speed lost per second is about `1 - exp(-DRAG)`. */
export const DRAG = 1.75;
/** The star's pull: acceleration is `GRAVITY / distance²`. */
export const GRAVITY = 9_000_000;
/** Speed that a dash adds, how long it can bump, and how long until the next. */
export const DASH_SPEED = 640;
export const DASH_MS = 300;
export const DASH_COOLDOWN_MS = 1_500;
/** After a bump or a burn nobody can take shards from a ship for this long. */
export const SHIELD_MS = 1_400;
/** Most shards one bump shakes out of a ship, and one touch of the star. */
export const MAX_DROP = 6;
export const BURN_DROP = 5;

/** Most shards in orbit, and the time until a collected one is replaced. */
export const SHARD_COUNT = 24;
export const SHARD_EVERY_MS = 420;
/** The same for gold, which is worth more. */
export const GOLD_COUNT = 2;
export const GOLD_EVERY_MS = 5_000;
export const GOLD_VALUE = 5;
/** Time a dropped shard takes to fly out to its orbit. */
export const SCATTER_MS = 700;

/** Messages a client may send per second before it is thrown out. */
export const MAX_MESSAGES_PER_SECOND = 120;
/** Seconds to answer an invite, or somebody who asks to join. */
export const INVITE_SECONDS = 30;
/** Seconds for which a dropped player's ship waits. */
export const RECONNECT_SECONDS = 12;
