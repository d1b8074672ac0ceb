import { expect, test } from 'vitest';
import { isPartyNews, parseParty, parsePartyNews, type PartyNews } from '../../src/server/party-news.ts';

const PARTY = {
  partyId: 'p',
  version: 3,
  leader: 'ann',
  members: [{ userId: 'ann', username: 'Ann' }, { userId: 'bob' }],
};
const SEAT = { name: 'arena', sessionId: 's', roomId: 'r', processId: 'x' };
const CALL: PartyNews = {
  kind: 'party-call',
  question: 'q',
  partyId: 'p',
  leader: { userId: 'ann' },
  connectionId: 'c',
  userIds: ['ann', 'bob'],
  target: { roomId: 'r', friend: 'cat' },
  options: { team: 'red' },
};

test.each<PartyNews>([
  { kind: 'party', party: PARTY },
  { kind: 'party-end', partyId: 'p' },
  CALL,
  { kind: 'party-ready', question: 'q', userId: 'bob', connectionId: 'c', ready: { there: true } },
  { kind: 'party-ready', question: 'q', userId: 'bob', connectionId: 'c', ready: { code: 'match_denied' } },
  { kind: 'party-ready', question: 'q', userId: 'bob', connectionId: 'c', ready: { seat: SEAT } },
  { kind: 'party-ready', question: 'q', userId: 'bob', connectionId: 'c', ready: { auth: { a: 1 }, options: {} } },
  { kind: 'party-seat', userId: 'bob', connectionId: 'c', seat: { ...SEAT, publicAddress: 'x:1' } },
])('what a process says is read as it was said: %j', (news) => {
  const travelled: unknown = JSON.parse(JSON.stringify(news));
  expect(isPartyNews(travelled)).toBe(true);
  expect(parsePartyNews(travelled)).toEqual(news);
});

test.each<unknown>([
  null,
  'party',
  { kind: 'party' },
  { kind: 'party-nonsense' },
  { kind: 'party', party: { ...PARTY, leader: 'nobody' } },
  { kind: 'party', party: { ...PARTY, members: [] } },
  { kind: 'party', party: { ...PARTY, version: 0 } },
  { kind: 'party', party: { ...PARTY, version: 1e300 } },
  { kind: 'party', party: { ...PARTY, members: [{ userId: 'ann' }, null] } },
  { kind: 'party', party: { ...PARTY, members: Array.from({ length: 65 }, () => ({ userId: 'ann' })) } },
  { kind: 'party', party: { ...PARTY, partyId: '' } },
  { kind: 'party-end' },
  { ...CALL, options: 5 },
  { ...CALL, userIds: ['', 'bob'] },
  { ...CALL, target: null },
  { ...CALL, leader: {} },
  { kind: 'party-ready', question: 'q', userId: 'bob', connectionId: 'c', ready: {} },
  { kind: 'party-ready', question: 'q', userId: 'bob', connectionId: 'c', ready: { code: 'toString' } },
  { kind: 'party-ready', question: 'q', userId: 'bob', connectionId: 'c', ready: { seat: {} } },
  { kind: 'party-seat', userId: 'bob', connectionId: 'c', seat: { ...SEAT, sessionId: 5 } },
])('anything else is nothing: %j', (value) => {
  expect(parsePartyNews(value)).toBeNull();
});

test('a party in the store is checked like one in a message', () => {
  expect(parseParty(PARTY)).toEqual(PARTY);
  expect(parseParty('garbage')).toBeNull();
});
