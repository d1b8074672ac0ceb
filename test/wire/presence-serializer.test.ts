import { Encoder, Reflection } from '@colyseus/schema';
import { expect, test } from 'vitest';
import { PresenceSerializer } from '../../src/wire/presence-serializer.ts';
import { PresenceState } from '../../src/wire/state.ts';
import type { Client } from '@colyseus/core';

test('hands out the shape, the full state of each client, and never a patch of its own', () => {
  const asked: Array<Client | undefined> = [];
  const bytes = Uint8Array.of(1, 2, 3);
  const serializer = new PresenceSerializer((client) => {
    asked.push(client);
    return bytes;
  });
  const client = {} as Client;
  serializer.reset();
  expect(serializer.id).toBe('schema');
  expect(serializer.handshake()).toEqual(Uint8Array.from(Reflection.encode(new Encoder(new PresenceState()))));
  expect([serializer.getFullState(client), serializer.getFullState()]).toEqual([bytes, bytes]);
  expect(asked).toEqual([client, undefined]);
  expect(serializer.applyPatches()).toBe(false);
});
