/** Invites and asks to join, attacked over raw sockets: ids that are forged, stale or replayed, floods, and what the answers may tell. */
import { definePlugins, matchMaker, Room } from '@colyseus/core';
import { pack } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { MatchPlugin, presence, type Invite, type Invites, type Reply } from '../../src/index.ts';
import { fresh } from '../support/person.ts';
import { rawJoin, type RawClient } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { until } from '../support/until.ts';

/** What the game answers when it is asked for the host of a match. */
const hosts = new Map<string, unknown>();

class ArenaRoom extends Room {
  override plugins = definePlugins([
    new MatchPlugin({
      updateMs: 1,
      host: ({ roomId }) => {
        const host = hosts.get(roomId);
        if (host instanceof Error) {
          throw host;
        }
        return host as string;
      },
    }),
  ]);
}

let server: TestServer;
beforeAll(async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  server = await startServer(
    {
      rateLimit: 1000,
      graceSeconds: 0,
      unverifiedMatches: 'hide',
      canFollow: (_, ids) => ids.map((id) => !id.startsWith('refusing')),
    },
    { arena: ArenaRoom },
    60_000,
  );
});
afterAll(async () => {
  await server.stop();
  vi.restoreAllMocks();
});

let cids = 0;
async function ask(client: RawClient, type: string, payload: object): Promise<Reply> {
  const cid = ++cids;
  client.burst([[type, { ...payload, cid }]]);
  return until(() => client.of<Reply>('presence:reply').find((reply) => reply.cid === cid), `the reply to ${type}`);
}

const codeOf = (reply: Reply): string => (reply.ok ? 'fine' : reply.error.code);
const invitesOf = (client: RawClient): Invite[] => client.of<Invites>('presence:invites').flatMap((one) => one.invites);
const openOf = (client: RawClient): string[] => {
  const held = new Map(invitesOf(client).map((invite) => [invite.inviteId, invite]));
  return [...held.values()].filter(({ outcome }) => outcome === undefined).map(({ inviteId }) => inviteId);
};

async function comes(userId: string, status: string | null = ''): Promise<RawClient> {
  return rawJoin(server, userId, 'presence', { sync: 'deltas', status }, userId);
}

async function play(userId: string, roomId?: string): Promise<string> {
  const client = server.client(userId);
  const match = await (roomId === undefined ? client.create('arena') : client.joinById(roomId));
  match.onMessage('*', () => {});
  match.reconnection.enabled = false;
  const isVisible = (await presence.statuses([userId]))[0]?.general === 'online';
  await until(
    async () => !isVisible || (await presence.statuses([userId]))[0]?.presences.some((one) => one.match !== undefined),
    'the match to be seen',
  );
  return match.roomId;
}

/** Ann, in a match of her own, and Bob, whom she follows. */
async function annAndBob(): Promise<{ ann: RawClient; annId: string; bob: RawClient; bobId: string; roomId: string }> {
  const [annId, bobId] = [fresh('ann'), fresh('bob')];
  const [ann, bob] = await Promise.all([comes(annId), comes(bobId)]);
  const roomId = await play(annId);
  await ask(ann, 'presence:follow', { userIds: [bobId] });
  return { ann, annId, bob, bobId, roomId };
}

async function invite(from: RawClient, userId: string): Promise<string> {
  const reply = await ask(from, 'presence:invite', { userId });
  return (reply as unknown as { inviteId: string }).inviteId;
}

describe('an id that is not the own one', () => {
  let parties: Awaited<ReturnType<typeof annAndBob>>;
  let eve: RawClient;
  let inviteId: string;
  beforeAll(async () => {
    parties = await annAndBob();
    eve = await comes(fresh('eve'));
    inviteId = await invite(parties.ann, parties.bobId);
    await until(() => openOf(parties.bob).length === 1, 'the invite');
  });

  test.each<[what: string, forge: (id: string) => unknown, answer: unknown, code: string]>([
    ['of an invite of two others, to accept', (id) => id, 'accept', 'invite_gone'],
    ['of an invite of two others, to decline', (id) => id, 'decline', 'invite_gone'],
    ['of an invite of two others, to cancel', (id) => id, 'cancel', 'invite_gone'],
    ['cut off', (id) => id.slice(0, -1), 'accept', 'invite_gone'],
    ['with one character more', (id) => `${id}A`, 'accept', 'invite_gone'],
    ['with a NUL behind', (id) => `${id}\0`, 'accept', 'invite_gone'],
    ['in capitals', (id) => id.toUpperCase(), 'accept', 'invite_gone'],
    ['with a space before', (id) => ` ${id}`, 'accept', 'invite_gone'],
    ['with markup', () => '<img src=x onerror=alert(1)>', 'accept', 'invite_gone'],
    ['of the prototype', () => '__proto__', 'accept', 'invite_gone'],
    ['of a method', () => 'constructor', 'cancel', 'invite_gone'],
    ['of a Redis command', () => 'x\r\nDEL presence:p\r\n', 'accept', 'invite_gone'],
    ['of 3,500 characters', () => 'x'.repeat(3500), 'accept', 'invite_gone'],
    ['in a list', (id) => [id], 'accept', 'invalid_payload'],
    ['in an object', (id) => ({ id }), 'accept', 'invalid_payload'],
    ['as bytes', (id) => Buffer.from(id), 'accept', 'invalid_payload'],
    ['that is empty', () => '', 'accept', 'invite_gone'],
    ['that is true', () => true, 'accept', 'invalid_payload'],
    ['with an answer of the prototype', (id) => id, '__proto__', 'invalid_payload'],
    ['with an answer in a list', (id) => id, ['accept'], 'invalid_payload'],
    ['with an answer in capitals', (id) => id, 'ACCEPT', 'invalid_payload'],
  ])('%s changes nothing', async (_, forge, answer, code) => {
    expect(codeOf(await ask(eve, 'presence:answer', { inviteId: forge(inviteId), answer }))).toBe(code);
    expect(openOf(parties.bob)).toEqual([inviteId]);
    expect(invitesOf(eve)).toEqual([]);
  });

  test('is no way round the sides: the sender does not accept, the receiver does not cancel', async () => {
    const { ann, bob } = parties;
    for (const [who, answer] of [
      [ann, 'accept'],
      [ann, 'decline'],
      [bob, 'cancel'],
    ] as const) {
      expect(codeOf(await ask(who, 'presence:answer', { inviteId, answer }))).toBe('invite_gone');
    }
    expect(openOf(bob)).toEqual([inviteId]);
  });

  test('is not guessed: a thousand at once find nothing, and the invite is still there to accept', async () => {
    const { ann, bob } = parties;
    const before = eve.of('presence:reply').length;
    eve.burst(
      Array.from({ length: 500 }, (_, cid) => [
        'presence:answer',
        { inviteId: `${inviteId.slice(0, 18)}${cid.toString(36).padStart(4, 'A')}`, answer: 'accept', cid: `g${cid}` },
      ]),
    );
    await until(() => eve.of('presence:reply').length === before + 500, 'the answers');
    expect(
      new Set(
        eve
          .of<Reply>('presence:reply')
          .slice(before)
          .map((reply) => codeOf(reply)),
      ),
    ).toEqual(new Set(['invite_gone']));
    expect(codeOf(await ask(bob, 'presence:answer', { inviteId, answer: 'accept' }))).toBe('fine');
    await until(() => invitesOf(ann).some(({ outcome }) => outcome === 'accepted'), 'the outcome');
    // Replays of an answer that counted.
    for (const [who, answer] of [
      [bob, 'accept'],
      [bob, 'decline'],
      [ann, 'cancel'],
    ] as const) {
      expect(codeOf(await ask(who, 'presence:answer', { inviteId, answer }))).toBe('invite_gone');
    }
    expect(invitesOf(ann).filter(({ outcome }) => outcome !== undefined)).toHaveLength(1);
  });
});

describe('several answers in one moment', () => {
  test.each<[first: 'accept' | 'decline', second: 'accept' | 'decline' | 'cancel']>([
    ['accept', 'accept'],
    ['accept', 'decline'],
    ['decline', 'accept'],
    ['decline', 'decline'],
    ['accept', 'cancel'],
    ['decline', 'cancel'],
  ])('%s and %s of two devices: one counts, and one outcome is told', async (first, second) => {
    const { ann, bob, bobId } = await annAndBob();
    const twin = await comes(bobId);
    const inviteId = await invite(ann, bobId);
    await until(() => openOf(bob).length === 1 && openOf(twin).length === 1, 'the invite on both');
    const replies = await Promise.all([
      ask(bob, 'presence:answer', { inviteId, answer: first }),
      ask(second === 'cancel' ? ann : twin, 'presence:answer', { inviteId, answer: second }),
    ]);
    expect(replies.map(codeOf).sort()).toEqual(['fine', 'invite_gone']);
    const outcome = await until(() => invitesOf(ann).find((one) => one.outcome !== undefined)?.outcome, 'the outcome');
    await until(() => openOf(bob).length === 0 && openOf(twin).length === 0, 'both to know');
    const ends = [ann, bob, twin].map((one) => invitesOf(one).filter((ended) => ended.outcome !== undefined));
    expect(ends.map((list) => list.map((ended) => ended.outcome))).toEqual([[outcome], [outcome], [outcome]]);
  });

  test('twenty of one device in one segment: one counts', async () => {
    const { ann, bob, bobId } = await annAndBob();
    const inviteId = await invite(ann, bobId);
    await until(() => openOf(bob).length === 1, 'the invite');
    bob.burst(
      Array.from({ length: 20 }, (_, cid) => ['presence:answer', { inviteId, answer: 'accept', cid: `b${cid}` }]),
    );
    await until(() => bob.of('presence:reply').length === 20, 'the answers');
    expect(bob.of<Reply>('presence:reply').filter(({ ok }) => ok)).toHaveLength(1);
  });
});

type Who = 'never came' | 'is invisible' | 'has blocked the viewer' | 'is refused' | 'has left' | 'is here';

/** Somebody of whom this is so. */
async function make(who: Who, viewerId: string): Promise<string> {
  const userId = fresh(who === 'is refused' ? 'refusing' : 'x').padEnd(40, '_');
  if (who === 'never came') {
    return userId;
  }
  const client = await comes(userId, who === 'is invisible' ? null : '');
  await play(userId);
  if (who === 'is invisible') {
    await ask(client, 'presence:status', { status: null });
  } else if (who === 'has blocked the viewer') {
    await presence.block(userId, viewerId);
  } else if (who === 'has left') {
    await presence.disconnect({ userId });
  }
  return userId;
}

/** All bytes that the viewer is sent, without what is drawn by chance. */
function told(client: RawClient, from: number, userId: string): string[] {
  return client.frames.slice(from).map((frame) =>
    frame
      .toString('latin1')
      .replaceAll(userId, '<id>')
      .replaceAll(/(inviteId.)[\w-]{22}/g, '$1<invite>')
      .replaceAll(/(expiresInMs)(?:\xcd..|[^])/gs, '$1'),
  );
}

describe('as an oracle', () => {
  const HIDDEN: readonly Who[] = ['is invisible', 'has blocked the viewer', 'is refused', 'has left'];

  async function storyOf(who: Who): Promise<string[]> {
    const annId = fresh('ann').padEnd(20, '_');
    const ann = await comes(annId);
    await play(annId);
    const userId = await make(who, annId);
    await ask(ann, 'presence:query', { userIds: [annId] });
    const from = ann.frames.length;
    ann.burst([
      ['presence:invite', { userId, cid: 'first' }],
      ['presence:query', { userIds: [annId], cid: 'second' }],
      ['presence:invite', { userId, cid: 'third' }],
      ['presence:ask', { userId, cid: 'fourth' }],
      ['presence:ask', { userId, connectionId: 'x', cid: 'fifth' }],
      ['presence:invite', { userId, matchId: 'nowhere', cid: 'sixth' }],
    ]);
    await until(() => ann.of('presence:reply').length >= 6, 'the answers');
    await until(() => openOf(ann).length === 1 && invitesOf(ann).length === 3, 'what is told of the invites');
    await ask(ann, 'presence:query', { userIds: [annId] });
    ann.socket.terminate();
    return told(ann, from, userId).map((text) =>
      text
        .replaceAll(annId, '<ann>')
        .replaceAll(/(connectionId.)[\w-]{16,36}/g, '$1<connection>')
        .replaceAll(/(roomId.)[\w-]{9}/g, '$1<room>')
        .replaceAll(/cid.*/gs, ''),
    );
  }

  test.each(HIDDEN)('an invite and an ask of somebody who %s have the bytes, in the order, of nobody', async (who) => {
    const nobody = await storyOf('never came');
    expect(nobody.join('\n')).toContain('<invite>');
    expect(await storyOf(who)).toEqual(nobody);
  });

  test.each(HIDDEN)('an ask of somebody who %s is refused like one of nobody', async (who) => {
    const annId = fresh('ann');
    const ann = await comes(annId);
    const codes = [];
    for (const one of ['never came', who] as const) {
      const { cid: _, ...reply } = await ask(ann, 'presence:ask', { userId: await make(one, annId) });
      codes.push(pack(reply).toString('latin1'));
    }
    expect(codes[1]).toBe(codes[0]);
    expect(codes[0]).toContain('not_visible');
  });

  test('whether the other follows is not told, nor whether it is there', async () => {
    const { ann, annId, bob, bobId } = await annAndBob();
    const stranger = await comes(fresh('stranger'));
    await play(fresh('other'));
    await ask(bob, 'presence:follow', { userIds: [annId] });
    const one = await ask(ann, 'presence:invite', { userId: bobId });
    const other = await ask(ann, 'presence:invite', { userId: fresh('nobody') });
    expect(Object.keys(one)).toEqual(Object.keys(other));
    expect(codeOf(await ask(stranger, 'presence:invite', { userId: bobId }))).toBe('no_match');
    expect(codeOf(await ask(stranger, 'presence:invite', { userId: fresh('nobody') }))).toBe('no_match');
  });

  test.each<[what: string, matchId: unknown, code: string]>([
    ['of somebody else', 'theirs', 'no_match'],
    ['that is none', 'xxxxxxxxx', 'no_match'],
    ['with markup', '<b>', 'no_match'],
    ['of the prototype', '__proto__', 'invalid_payload'],
    ['of 200 characters', 'm'.repeat(200), 'invalid_payload'],
    ['in a list', ['m'], 'invalid_payload'],
  ])('an invite to a match %s: refused, and nothing of it is told', async (_, matchId, code) => {
    const { ann, bob, bobId } = await annAndBob();
    const theirs = await play(fresh('stranger'));
    const asked = matchId === 'theirs' ? theirs : matchId;
    expect(codeOf(await ask(ann, 'presence:invite', { userId: bobId, matchId: asked }))).toBe(code);
    await ask(bob, 'presence:query', { userIds: [bobId] });
    expect(invitesOf(bob)).toEqual([]);
  });
});

describe('floods', () => {
  test('fifty-one strangers who invite one user do not keep away the invite of somebody it follows', async () => {
    const { ann, annId, bob, bobId } = await annAndBob();
    await ask(bob, 'presence:follow', { userIds: [annId] });
    await Promise.all(
      Array.from({ length: 51 }, async () => {
        const eveId = fresh('eve');
        const eve = await comes(eveId);
        await play(eveId);
        await ask(eve, 'presence:follow', { userIds: [bobId] });
        expect(codeOf(await ask(eve, 'presence:invite', { userId: bobId }))).toBe('fine');
      }),
    );
    await until(() => openOf(bob).length >= 50, 'the flood');
    const inviteId = await invite(ann, bobId);
    await until(() => openOf(bob).includes(inviteId), 'the invite of the friend');
    expect(openOf(bob)).toHaveLength(51);
  }, 40_000);

  test('one account reaches one user so often, and is not heard any more after that', async () => {
    const { ann, bob, bobId } = await annAndBob();
    const codes: string[] = [];
    for (let i = 0; i < 8; i++) {
      codes.push(codeOf(await ask(ann, 'presence:invite', { userId: bobId })));
    }
    expect(codes.filter((code) => code === 'fine')).toHaveLength(5);
    await until(() => invitesOf(bob).filter(({ outcome }) => outcome === undefined).length === 5, 'five invites');
    expect(openOf(bob)).toHaveLength(1);
  });

  test('one account reaches a limited number of users, on however many connections', async () => {
    const annId = fresh('ann');
    const anns = await Promise.all([comes(annId), comes(annId), comes(annId)]);
    await play(annId);
    const codes = await Promise.all(
      Array.from({ length: 30 }, async (_, i) =>
        codeOf(await ask(anns[i % 3]!, 'presence:invite', { userId: fresh('nobody') })),
      ),
    );
    expect(codes.filter((code) => code === 'fine')).toHaveLength(20);
    expect(new Set(codes)).toEqual(new Set(['fine', 'rate_limited']));
  });

  /** A match of so many friends, of whom the first is the host. */
  async function hosted(count: number): Promise<{ ids: string[]; host: RawClient; roomId: string }> {
    const ids = Array.from({ length: count }, () => fresh('player'));
    const clients: RawClient[] = [];
    for (const userId of ids) {
      clients.push(await comes(userId));
    }
    const roomId = await play(ids[0]!);
    for (const userId of ids.slice(1)) {
      await play(userId, roomId);
    }
    hosts.set(roomId, ids[0]);
    (matchMaker.getLocalRoomById(roomId) as unknown as ArenaRoom).plugins.match.update();
    return { ids, host: clients[0]!, roomId };
  }

  test('one account that asks by way of many friends reaches their host no more often, and cannot tell that they have the same one', async () => {
    const { ids, host } = await hosted(9);
    const eve = await comes(fresh('eve'));
    await ask(eve, 'presence:follow', { userIds: ids });
    for (const userId of ids.slice(1)) {
      expect(codeOf(await ask(eve, 'presence:ask', { userId }))).toBe('fine');
    }
    await until(() => invitesOf(host).length >= 5, 'the asks');
    await ask(host, 'presence:query', { userIds: [ids[0]!] });
    expect(invitesOf(host)).toHaveLength(5);
    expect(openOf(eve)).toHaveLength(8);
    expect(JSON.stringify(invitesOf(eve))).not.toContain(ids[0]!);
  });

  test('who is the host asks nobody', async () => {
    const { ids, host } = await hosted(2);
    await ask(host, 'presence:follow', { userIds: ids });
    expect(codeOf(await ask(host, 'presence:ask', { userId: ids[1]! }))).toBe('invalid_payload');
    expect(invitesOf(host)).toEqual([]);
  });

  test('a host who is invisible is not asked, and who asks is told what it is told otherwise', async () => {
    const { ids, host } = await hosted(2);
    const eve = await comes(fresh('eve'));
    await ask(eve, 'presence:follow', { userIds: ids });
    await ask(host, 'presence:status', { status: null });
    expect(codeOf(await ask(eve, 'presence:ask', { userId: ids[1]! }))).toBe('fine');
    await ask(host, 'presence:query', { userIds: [ids[0]!] });
    expect(invitesOf(host)).toEqual([]);
    expect(openOf(eve)).toHaveLength(1);
  });

  test.each<[what: string, host: unknown]>([
    ['somebody who does not play', 'outsider'],
    ['markup', '<script>'],
    ['10,000 characters', 'x'.repeat(10_000)],
    ['an object', { userId: 'x' }],
    ['the prototype', '__proto__'],
    ['NaN', Number.NaN],
    ['an error', new Error('the game is wrong')],
  ])('a game that names %s as the host: the friend itself is asked', async (_, host) => {
    const friendId = fresh('friend');
    const friend = await comes(friendId);
    const roomId = await play(friendId);
    hosts.set(roomId, host);
    (matchMaker.getLocalRoomById(roomId) as unknown as ArenaRoom).plugins.match.update();
    const eve = await comes(fresh('eve'));
    await ask(eve, 'presence:follow', { userIds: [friendId] });
    expect(codeOf(await ask(eve, 'presence:ask', { userId: friendId }))).toBe('fine');
    await until(() => openOf(friend).length === 1, 'the ask');
  });

  test('who does not read its invites harms nobody: senders are answered, and little waits', async () => {
    const { ann, bob, bobId } = await annAndBob();
    const tcp = (bob.socket as unknown as { _socket: { pause(): void; resume(): void } })._socket;
    tcp.pause();
    for (let i = 0; i < 5; i++) {
      expect(codeOf(await ask(ann, 'presence:invite', { userId: bobId }))).toBe('fine');
    }
    tcp.resume();
    await until(() => openOf(bob).length === 1, 'the last invite');
  });
});
