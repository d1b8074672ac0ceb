/** What every player of a match sees. The page gets it as Colyseus schema state, 20 times a second. */
import { schema, t } from '@colyseus/schema';

export const Ship = schema(
  {
    userId: t.string(),
    name: t.string(),
    hue: t.uint16(),
    bot: t.boolean().default(false),
    /** False while a dropped player may still come back. */
    connected: t.boolean().default(true),
    x: t.float32().default(0),
    y: t.float32().default(0),
    vx: t.float32().default(0),
    vy: t.float32().default(0),
    angle: t.float32().default(0),
    score: t.uint16().default(0),
    /** Room times (ms) of the last dash and of the end of the shield. */
    dashedAt: t.uint32().default(0),
    shieldUntil: t.uint32().default(0),
  },
  'Ship',
);
export type Ship = InstanceType<typeof Ship>;

export const Shard = schema(
  {
    value: t.uint8(),
    radius: t.float32(),
    phase: t.float32(),
    fromRadius: t.float32(),
    fromPhase: t.float32(),
    bornAt: t.uint32(),
  },
  'Shard',
);
export type Shard = InstanceType<typeof Shard>;

export const ArenaState = schema(
  {
    /** Milliseconds of simulated time since the match began. */
    time: t.uint32().default(0),
    phase: t.string<'playing' | 'results'>().default('playing'),
    phaseEndsAt: t.uint32().default(0),
    round: t.uint16().default(1),
    ships: t.map(Ship),
    shards: t.map(Shard),
  },
  'ArenaState',
);
export type ArenaState = InstanceType<typeof ArenaState>;
