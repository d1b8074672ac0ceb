import { expect, test, vi } from 'vitest';
import { makeParts } from './support/parts.ts';

test('a renewal tells whether the own lease is missing, as it was written last, or one from earlier', async () => {
  const { store, presence } = makeParts('self');
  expect(await store.renew('self', 'up', 60)).toBeNull();
  expect(await store.renew('self', 'up', 60)).toBe('up');
  const earlier: unknown = presence.get('p:l:self');
  expect(await store.renew('self', 'up', 60)).toBe('up');
  presence.setex('p:l:self', String(earlier), 60);
  expect(await store.renew('self', 'up', 60)).toBe('older');
  expect(await store.renew('self', 'leaving', 60)).toBe('up');
  expect(await store.lease('self')).toBe('leaving');
  await store.endLease('self');
});

test('a probe is a renewal like any other', async () => {
  const { store } = makeParts('self');
  expect(await store.probe('self', 60)).toBe(true);
  expect(await store.renew('self', 'up', 60)).toBe('up');
  await store.endLease('self');
});

test('a user is listed with the name of the process, which is not waited for', async () => {
  const { presence, store } = makeParts('self');
  const sadd = presence.sadd.bind(presence);
  const spy = vi
    .spyOn(presence, 'sadd')
    .mockImplementation((key, value) => (key === 'p:p' ? (new Promise(() => {}) as never) : sadd(key, value)));
  await store.list('self', 'ann');
  expect(await store.listed('self')).toEqual(['ann']);
  expect(spy).toHaveBeenCalledWith('p:p', 'self');
});
