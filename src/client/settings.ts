/** The options of the helper: checked, with the defaults filled in. */
import type { Client, Room } from '@colyseus/sdk';
import { requireOptions, wrong, type Rules } from './require.ts';
import { REJOIN_DEFAULTS } from './timers.ts';
import type { AttachOptions, PresenceClientOptions, RejoinOptions } from './types.ts';

const REJOIN_RULES: Rules<RejoinOptions> = { minMs: 0, maxMs: 0, attempts: 0 };

const RULES: Rules<PresenceClientOptions> = {
  status: 'anything',
  sync: ['deltas', 'both', 'state'],
  resume: 'string',
  joinOptions: 'JSON object',
  joinAttempts: 1,
  roomMethod: ['joinOrCreate', 'join', 'create'],
  rejoin: 'JSON object',
  reconnectMs: 0,
  timeoutMs: 1,
  maxFrameBytes: 64,
  onRoom: 'function',
};

const ATTACH_RULES: Rules<AttachOptions> = { ...RULES, client: 'anything', roomName: 'string' };

const DEFAULTS = {
  sync: 'deltas',
  roomMethod: 'joinOrCreate',
  joinAttempts: 1,
  reconnectMs: 15_000,
  timeoutMs: 10_000,
  maxFrameBytes: 3500,
} as const;

export type Settings = Omit<PresenceClientOptions, 'rejoin'> &
  Required<Pick<PresenceClientOptions, keyof typeof DEFAULTS>> & { rejoin: Required<RejoinOptions> };

/** Throws `invalid_payload` with a sentence for what makes no sense. */
export function joinSettings(options: PresenceClientOptions | undefined): Settings {
  return withDefaults(requireOptions('join', options, RULES));
}

export function attachSettings(options: AttachOptions): Settings & AttachOptions {
  const checked = requireOptions('attach', options, ATTACH_RULES);
  return { ...checked, ...withDefaults(checked) };
}

function withDefaults(options: PresenceClientOptions): Settings {
  const rejoin = requireOptions('rejoin', options.rejoin, REJOIN_RULES);
  return { ...DEFAULTS, ...options, rejoin: { ...REJOIN_DEFAULTS, ...rejoin } };
}

export function requireClient(client: unknown): asserts client is Client {
  if (typeof (client as Partial<Client> | null | undefined)?.joinOrCreate !== 'function') {
    throw wrong('The client', 'a Client of @colyseus/sdk', client);
  }
}

export function requireRoom(room: unknown): asserts room is Room {
  if (typeof (room as Partial<Room> | null | undefined)?.onMessage !== 'function') {
    throw wrong('The room', 'a joined Room of @colyseus/sdk', room);
  }
}

export function requireRoomName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '') {
    throw wrong('The name of the room', 'a text', name);
  }
}
