/** Whatever a viewer does, it is sent the same bytes at the same times in two worlds that differ only in what it must not know. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Clockwork } from './support/clockwork.ts';
import { FRIEND, SECRET } from './support/facts.ts';
import { play, type Story } from './support/stories.ts';
import { MATCH } from './support/world.ts';
import { expectSame, expectSameWorlds, FACT_NAMES, openWorlds } from './two-worlds.ts';

const STORIES = 150;
const SEED = 20_261_125;

let clockwork: Clockwork;
beforeAll(async () => {
  // Refused follows of the game are logged.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  clockwork = await openWorlds();
});
afterAll(() => {
  clockwork.stop();
  vi.restoreAllMocks();
});

const PLAIN = { room: 'presence', store: false, options: {}, viewer: {}, turnAt: 0 } as const;
const followsSecret: Story['steps'][number] = {
  who: 'viewer',
  says: [['send', 'presence:follow', { userIds: [SECRET], cid: 1 }]],
};

describe('the test itself', () => {
  const visible: Story = {
    ...PLAIN,
    fact: 'is followed by somebody else, or by nobody',
    steps: [
      { who: 'secret', move: { do: 'enter', status: 'hello' } },
      followsSecret,
      { who: 'friend', status: 'playing' },
      { who: 'secret', move: { do: 'status', status: '{"matchId":"m1"}' } },
    ],
  };

  test('sees what a viewer may see, down to the bytes', async () => {
    const seen = await play(visible, 'a', clockwork);
    expect(seen.join('\n')).toMatch(/SECRET[^]*hello[^]*"matchId":"m1"/);
    expect(seen.join('\n')).not.toContain(FRIEND);
    expect(await play(visible, 'a', clockwork)).toEqual(seen);
  });

  test('sees how an invite is answered', async () => {
    const invites: Story = {
      ...visible,
      plays: true,
      steps: [
        { who: 'secret', move: { do: 'enter', status: 'hello' } },
        followsSecret,
        { who: 'viewer', says: [['send', 'presence:invite', { userId: SECRET, matchId: MATCH, cid: 2 }]] },
        { who: 'secret', move: { do: 'decline' } },
      ],
    };
    expect((await play(invites, 'a', clockwork)).join('\n')).toMatch(/inviteId[^]*declined/);
  });

  test('detects a difference', async () => {
    const forgetful: Story = { ...visible, options: { redact: () => null } };
    expect(await play(forgetful, 'a', clockwork)).not.toEqual(await play(visible, 'a', clockwork));
  });
});

test.each<[what: string, story: Pick<Story, 'fact' | 'steps'> & Partial<Story>]>([
  [
    'the name of somebody who has gone, whoever still follows it',
    {
      fact: 'is followed by somebody else, or by nobody',
      steps: [
        { who: 'secret', move: { do: 'enter', status: 'hello' } },
        { who: 'secret', move: { do: 'leave' } },
        followsSecret,
      ],
    },
  ],
  [
    'the name in the profiles of the game, of a refused user',
    {
      fact: 'is refused by canFollow, or does not exist',
      options: { profilesOf: () => [] },
      steps: [{ who: 'secret', move: { do: 'enter', status: 'hello' } }, followsSecret],
    },
  ],
  [
    'the name in the profiles of the game, of somebody invisible',
    {
      fact: 'never came, or is here invisibly',
      options: { profilesOf: () => [] },
      steps: [{ who: 'secret', move: { do: 'enter', status: null } }, followsSecret],
    },
  ],
  [
    'for how long somebody who has gone is remembered as offline, whoever still follows it',
    {
      fact: 'is followed by somebody else, or by nobody',
      steps: [
        { who: 'secret', move: { do: 'enter', status: 'hello' } },
        { who: 'secret', move: { do: 'drop' } },
        { who: 'time', passes: 25 * 3_600_000 },
        followsSecret,
      ],
    },
  ],
  [
    'a follow of an invisible user over a shared store, asked twice at once',
    {
      fact: 'never came, or is here invisibly',
      store: true,
      steps: [
        { who: 'secret', move: { do: 'enter', status: null } },
        { who: 'time', passes: 150 },
        { who: 'the game', follows: [SECRET], together: true },
        { ...followsSecret, together: true },
        { who: 'the game', follows: [SECRET], together: true },
      ],
    },
  ],
  [
    'a follow of a refused user over a shared store',
    {
      fact: 'is refused by canFollow, and here or not',
      store: true,
      steps: [{ who: 'secret', move: { do: 'enter', status: 'hello' } }, { who: 'time', passes: 150 }, followsSecret],
    },
  ],
  [
    'a query over a shared store, while the user comes invisibly',
    {
      fact: 'never came, or is here invisibly',
      store: true,
      steps: [
        { who: 'viewer', says: [['send', 'presence:query', { userIds: [SECRET], cid: 1 }]] },
        { who: 'time', passes: 1 },
        { who: 'secret', move: { do: 'enter', status: null } },
      ],
    },
  ],
  ...['presence:follow', 'presence:query'].map(
    (type) =>
      [
        `${type} of somebody who came and went while it was read from a shared store, because somebody else had just followed it`,
        {
          fact: 'begins to be followed by somebody else, or not',
          store: true,
          steps: [
            { who: 'secret', move: { do: 'enter', status: 'hello' } },
            { who: 'secret', move: { do: 'drop' } },
            { who: 'time', passes: 1 },
            { who: 'viewer', says: [['send', type, { userIds: [SECRET, FRIEND], cid: 1 }]] },
          ],
        } satisfies Pick<Story, 'fact' | 'steps' | 'store'>,
      ] as [string, Pick<Story, 'fact' | 'steps' | 'store'>],
  ),
  [
    'a query of a friend who turns invisible while it is read from a shared store, when somebody else has just followed it',
    {
      fact: 'begins to be followed by somebody else, or not',
      store: true,
      steps: [
        { who: 'viewer', says: [['send', 'presence:query', { userIds: [FRIEND], cid: 0 }]] },
        { who: 'friend', status: null },
      ],
    },
  ],
  [
    'an invite that somebody invisible declines, then taken back',
    {
      fact: 'never came, or is here invisibly',
      plays: true,
      steps: [
        { who: 'secret', move: { do: 'enter', status: null } },
        followsSecret,
        { who: 'viewer', says: [['send', 'presence:invite', { userId: SECRET, matchId: MATCH, cid: 2 }]] },
        { who: 'secret', move: { do: 'decline' } },
        { who: 'time', passes: 150 },
        { who: 'viewer', says: [['send', 'presence:answer', { inviteId: 'LAST', answer: 'cancel', cid: 3 }]] },
      ],
    },
  ],
  [
    'the name of somebody else who goes and comes back, after a block',
    {
      fact: 'went offline, or has blocked the viewer',
      steps: [
        { who: 'viewer', says: [['send', 'presence:follow', { userIds: [FRIEND], cid: 1 }]] },
        { who: 'friend', status: null },
        { who: 'friend', status: 'playing' },
      ],
    },
  ],
])('%s: the same in both worlds', async (_, story) => {
  await expectSame({ ...PLAIN, ...story }, clockwork);
});

test.each(FACT_NAMES)(
  `Secret %s: nobody can tell, in ${STORIES} stories`,
  async (fact) => {
    await expectSameWorlds(clockwork, [fact], STORIES, SEED);
  },
  120_000,
);
