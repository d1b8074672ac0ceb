/** Every combination of what decides how one user looks to one viewer, against the rules written out a second time. */
import { describe, expect, test, vi } from 'vitest';
import { makeBox, type Box } from '../../src/core/box.ts';
import {
  generalsTo,
  isHidden,
  look,
  newView,
  note,
  noteBlock,
  personalise,
  presencesTo,
  shownOf,
} from '../../src/core/view.ts';
import { resolveOptions, type PresenceOptions } from '../../src/options.ts';
import { makePresence } from '../support/presence.ts';
import type { Connection, Look, Seen, User } from '../../src/core/model.ts';
import type { GeneralStatus, Presence } from '../../src/protocol.ts';
import { userOf } from '../support/model.ts';

type Redact = NonNullable<PresenceOptions['redact']>;

const boxOf = (connectionId: string, status: string): Box => makeBox(makePresence('ann', connectionId, status, 'Ann'));

/** Ann, with these connections visible. */
function annWith(last: User['last'], ...statuses: string[]): User {
  const ann = userOf('ann', 4, 'Ann');
  ann.last = last;
  for (const status of statuses) {
    show(ann, `of ${status}`, status);
  }
  return ann;
}

function show(user: User, connectionId: string, status: string): void {
  const ref = 2 + 4 * user.visible.size;
  user.visible.delete(connectionId);
  const entry = { connectionId, status, setAt: 0 };
  user.visible.set(connectionId, { ...entry, ref, box: boxOf(connectionId, status), owner: undefined, entry });
}

function viewerOf(user: User, redact?: Redact, hasView = true): Connection {
  const connection: Partial<Connection> = {
    user,
    viewer: { userId: user.userId, username: user === OWN_NAME ? 'Me' : undefined, connectionId: 'v', auth: {} },
    options: resolveOptions(redact === undefined ? {} : { redact }),
    view: hasView ? newView() : undefined,
  };
  return connection as Connection;
}

const OWN_NAME = userOf('ann', 4);

/** A look in words: what can be told apart by whoever has it. */
const words = ({ general, username, connections }: Look): unknown => ({
  general,
  username,
  shown: [...connections].map(([connectionId, { box }]) => [connectionId, box?.presence.status ?? null]),
});

const nonsense =
  (value: unknown): Redact =>
  () =>
    value as Presence;

const REDACTS: Record<string, Redact | undefined> = {
  none: undefined,
  'lets all be': (_, presence) => presence,
  hides: () => null,
  'hides the later': (_, presence) => (presence.status === 'two' ? null : presence),
  'hides the earlier': (_, presence) => (presence.status === 'one' ? null : presence),
  changes: (_, presence) => ({ ...presence, status: `less of ${presence.status}` }),
  'takes the name': (_, { userId, connectionId, status }) => ({ userId, connectionId, status }),
  'gives other ids': (_, presence) => ({ ...presence, userId: 'eve', connectionId: 'other' }),
  throws: () => {
    throw new Error('broken');
  },
  'writes into it': (_, presence) => {
    (presence as { status: string }).status = 'written';
    return presence;
  },
  'returns undefined': nonsense(undefined),
  'returns a text': nonsense('shown'),
  'returns a list': nonsense([]),
  'returns a promise': nonsense(Promise.resolve()),
  'returns a number as status': nonsense({ status: 1 }),
};

/** What each makes of a status, as text; `null` = hidden. */
const EXPECTED: Record<string, (status: string) => string | null> = {
  'lets all be': (status) => status,
  'hides the later': (status) => (status === 'two' ? null : status),
  'hides the earlier': (status) => (status === 'one' ? null : status),
  changes: (status) => `less of ${status}`,
  'takes the name': (status) => status,
  'gives other ids': (status) => status,
};

const VISIBLE = [[], ['one'], ['one', 'two']];
const LASTS = ['offline', 'unlogined'] as const;
const TOLD: Array<Look | undefined> = [
  undefined,
  ...(['offline', 'unlogined', 'online'] as const).map((general): Look => {
    const old = boxOf('of old', 'old');
    const seen: Seen = { ref: 2, source: old, box: old };
    return { general, username: 'Was', connections: new Map(general === 'online' ? [['of old', seen]] : []) };
  }),
];
const BLOCKS = [undefined, 'offline', 'unlogined'] as const;

interface Case {
  redact: string;
  visible: string[];
  last: (typeof LASTS)[number];
  told: Look | undefined;
  block: (typeof BLOCKS)[number];
  isRefused: boolean;
  isOwn: boolean;
}

function* allCases(): Generator<Case> {
  for (const redact of Object.keys(REDACTS)) {
    for (const visible of VISIBLE) {
      for (const last of LASTS) {
        for (const told of TOLD) {
          for (const block of BLOCKS) {
            for (const isRefused of [false, true]) {
              for (const isOwn of [false, true]) {
                yield { redact, visible, last, told, block, isRefused, isOwn };
              }
            }
          }
        }
      }
    }
  }
}

/** The policy, rule by rule: the own user; a block; a refusal; no hook; the hook. */
function expected({ redact, visible, last, told, block, isRefused, isOwn }: Case): unknown {
  const asItIs = {
    general: visible.length > 0 ? 'online' : last,
    username: visible.length > 0 ? 'Ann' : undefined,
    shown: visible.map((status) => [`of ${status}`, status]),
  };
  if (isOwn) {
    return asItIs;
  }
  if (block !== undefined || isRefused) {
    return { general: block ?? 'unlogined', username: undefined, shown: [] };
  }
  if (redact === 'none') {
    return asItIs;
  }
  const made = visible.map((status) => EXPECTED[redact]?.(status) ?? null);
  const isShown = made.some((status) => status !== null);
  // Who is not shown looks as before: to come and go unseen is no news.
  const before: GeneralStatus | undefined = told?.general === 'online' ? undefined : told?.general;
  const gone = before ?? (visible.length > 0 ? 'offline' : last);
  return {
    general: isShown ? 'online' : gone,
    username: isShown && redact !== 'takes the name' ? 'Ann' : told?.username,
    shown: visible.map((status, i) => [`of ${status}`, made[i]]),
  };
}

describe('look', () => {
  test.each(Object.keys(REDACTS))('redact %s: every pair of the other rules', (redact) => {
    let cases = 0;
    for (const each of allCases()) {
      if (each.redact === redact) {
        const ann = annWith(each.last, ...each.visible);
        const viewer = viewerOf(each.isOwn ? ann : userOf('bob', 8), REDACTS[redact]);
        if (each.told !== undefined) {
          viewer.view!.told.set('ann', each.told);
        }
        if (each.block !== undefined) {
          viewer.view!.blocked.set('ann', { general: each.block, username: undefined, connections: new Map() });
        }
        if (each.isRefused) {
          viewer.view!.refused.add('ann');
        }
        expect(words(look(viewer, ann)), JSON.stringify(each)).toEqual(expected(each));
        expect(isHidden(viewer, 'ann')).toBe(each.block !== undefined || each.isRefused);
        cases++;
      }
    }
    expect(cases).toBe(3 * 2 * 4 * 3 * 2 * 2);
  });

  test('whoever is hidden looks the same, whatever it does', () => {
    for (const hide of ['blocked', 'refused', 'redacted'] as const) {
      for (const told of TOLD) {
        const worlds = [annWith('offline'), annWith('offline', 'one'), annWith('offline', 'one', 'two')].map((ann) => {
          const viewer = viewerOf(userOf('bob', 8), hide === 'redacted' ? () => null : undefined);
          if (told !== undefined) {
            viewer.view!.told.set('ann', told);
          }
          if (hide === 'blocked') {
            noteBlock([viewer.view!], 'ann');
          } else if (hide === 'refused') {
            viewer.view!.refused.add('ann');
          }
          const seen = look(viewer, ann);
          return [seen.general, seen.username, shownOf(seen), presencesTo(viewer, [ann]), generalsTo(viewer, [ann])];
        });
        expect(worlds).toEqual([worlds[0], worlds[0], worlds[0]]);
      }
    }
  });

  test('the own name is the one of the connection itself', () => {
    const me = viewerOf(OWN_NAME, undefined);
    expect(look(me, annWith('offline')).username).toBe('Me');
  });

  test('the name is the one of the most recently set connection that is shown', () => {
    const nameEach: Redact = (_, presence) => ({ ...presence, username: `name of ${presence.status}` });
    const shown = look(viewerOf(userOf('bob', 8), nameEach), annWith('offline', 'one', 'two'));
    expect(shown.username).toBe('name of two');
    const hideLater: Redact = (viewer, presence) => (presence.status === 'two' ? null : nameEach(viewer, presence));
    const partly = look(viewerOf(userOf('bob', 8), hideLater), annWith('offline', 'one', 'two'));
    expect(partly.username).toBe('name of one');
  });

  test('a viewer without a view sees everything as it is', () => {
    const viewer = viewerOf(userOf('bob', 8), undefined, false);
    const [ann, eve] = [annWith('offline', 'one', 'two'), annWith('unlogined')];
    expect(words(look(viewer, ann))).toMatchObject({ general: 'online', username: 'Ann' });
    expect(presencesTo(viewer, [ann, eve]).map(({ status }) => status)).toEqual(['one', 'two']);
    expect(generalsTo(viewer, [ann, eve])).toEqual([{ userId: 'ann', general: 'unlogined' }]);
    expect(isHidden(viewer, 'ann')).toBe(false);
    note(viewer, ann);
    expect(viewer.view).toBeUndefined();
  });

  test('what a hook writes into a presence reaches nobody else', () => {
    const ann = annWith('offline', 'one');
    look(viewerOf(userOf('bob', 8), REDACTS['writes into it']), ann);
    const other = viewerOf(userOf('eve', 12), REDACTS['lets all be']);
    expect(shownOf(look(other, ann)).map(({ box }) => box.presence.status)).toEqual(['one']);
  });

  test('viewers that are shown the same share what is encoded of it', () => {
    const ann = annWith('offline', 'one');
    const [one, other] = [8, 12].map((ref) => {
      const viewer = viewerOf(userOf(`viewer ${ref}`, ref), REDACTS['changes']);
      return shownOf(look(viewer, ann))[0]?.box;
    });
    expect(one).toBeDefined();
    expect(one).toBe(other);
  });
});

describe('how a user looks from the moment it blocks a viewer', () => {
  test.each([
    [undefined, 'unlogined'],
    ['unlogined', 'unlogined'],
    ['offline', 'offline'],
    ['online', 'offline'],
  ] as const)('told %s: %s', (general, then) => {
    const viewer = viewerOf(userOf('bob', 8));
    if (general !== undefined) {
      viewer.view!.told.set('ann', { general, username: 'Ann', connections: new Map() });
    }
    const seen = { general: then, username: undefined, shown: [] };
    const [told, untold] = [viewer.view!, newView()];
    expect(words(noteBlock([told, untold], 'ann'))).toEqual(seen);
    expect([told, untold].map(({ blocked }) => words(blocked.get('ann')!))).toEqual([seen, seen]);
  });

  test('a viewer that was told it is not logged in hears nothing else, though another one was told it is offline', () => {
    const [first, second] = [newView(), newView()];
    first.told.set('ann', { general: 'unlogined', username: undefined, connections: new Map() });
    second.told.set('ann', { general: 'offline', username: undefined, connections: new Map() });
    expect(noteBlock([first, second], 'ann').general).toBe('offline');
    expect([first, second].map(({ blocked }) => blocked.get('ann')?.general)).toEqual(['unlogined', 'offline']);
  });

  test('to a player without connections it looks like nobody', () => {
    expect(noteBlock([], 'ann').general).toBe('unlogined');
  });
});

describe('personalise', () => {
  const hear = (viewer: Connection, ann: User, again = false): string[] | null => {
    const update = personalise(viewer, viewer.view!, ann, [], again);
    return (
      update && [
        ...update.changes.map(({ before, after }) =>
          [before, after].map((box) => box?.presence.status ?? '-').join('>'),
        ),
        ...(update.general === undefined ? [] : [update.general]),
        ...(update.username === undefined ? [] : [`"${update.username}"`]),
      ]
    );
  };

  test('is the difference of what was told and what is seen now, in every pair of cases', () => {
    const looks = [...allCases()].filter(({ isOwn, last, told }) => !isOwn && last === 'offline' && told === undefined);
    const pairs = looks.flatMap((first) =>
      looks.filter((_, i) => i % 7 === 0).map((second) => [first, second] as const),
    );
    expect(pairs.length).toBeGreaterThan(10_000);
    for (const [first, second] of pairs) {
      const shared = viewerOf(userOf('bob', 8), (viewer, presence) => current(viewer, presence));
      let current: Redact = (_, presence) => presence;
      const become = ({ redact, block, isRefused, visible }: Case): User => {
        current = REDACTS[redact] ?? ((_, presence) => presence);
        shared.view!.blocked.clear();
        shared.view!.refused.clear();
        if (block !== undefined) {
          shared.view!.blocked.set('ann', { general: block, username: undefined, connections: new Map() });
        }
        if (isRefused) {
          shared.view!.refused.add('ann');
        }
        return annWith('offline', ...visible);
      };
      personalise(shared, shared.view!, become(first), [], true);
      const told = shared.view!.told.get('ann')!;
      const ann = become(second);
      const now = look(shared, ann, true);
      const update = personalise(shared, shared.view!, ann, [], true);

      const replay = new Map(shownIds(told));
      for (const { connectionId, before, after } of update?.changes ?? []) {
        expect(before?.presence).toEqual(replay.get(connectionId));
        expect(after?.presence).not.toEqual(before?.presence);
        if (after === null) {
          replay.delete(connectionId);
        } else {
          replay.set(connectionId, after.presence);
        }
      }
      expect(Object.fromEntries(replay)).toEqual(Object.fromEntries(shownIds(now)));
      expect(update?.general ?? told.general).toBe(now.general);
      expect(personalise(shared, shared.view!, ann, []), 'the same again is nothing').toBeNull();
    }
  });

  function shownIds({ connections }: Look): Array<[string, Presence]> {
    return [...connections].flatMap(([connectionId, { box }]) =>
      box === null ? [] : [[connectionId, box.presence] as [string, Presence]],
    );
  }

  test('to come, change and go is told once each', () => {
    const viewer = viewerOf(userOf('bob', 8), REDACTS['lets all be']);
    const ann = annWith('offline');
    expect(hear(viewer, ann)).toEqual(['offline']);
    show(ann, 'c', 'one');
    expect([hear(viewer, ann), hear(viewer, ann)]).toEqual([['->one', 'online', '"Ann"'], null]);
    show(ann, 'c', 'two');
    expect(hear(viewer, ann)).toEqual(['one>two']);
    ann.visible.clear();
    expect([hear(viewer, ann), hear(viewer, ann)]).toEqual([['two>-', 'offline'], null]);
  });

  test('changes come in the order in which others hear of them, those that only this viewer hears of last', () => {
    const viewer = viewerOf(userOf('bob', 8), REDACTS['lets all be']);
    const ann = annWith('offline', 'one', 'two', 'three');
    note(viewer, annWith('offline', 'gone'));
    const changed = ['of three', 'of one', 'unknown'].map((connectionId) => ({
      connectionId,
      ref: 2,
      before: null,
      after: null,
      stateBytes: undefined,
    }));
    const update = personalise(viewer, viewer.view!, ann, changed);
    expect(update?.changes.map(({ connectionId }) => connectionId)).toEqual([
      'of three',
      'of one',
      'of gone',
      'of two',
    ]);
  });

  test('a connection that was always hidden is no news when it goes', () => {
    const viewer = viewerOf(userOf('bob', 8), REDACTS['hides the later']);
    const ann = annWith('offline', 'one', 'two');
    note(viewer, ann);
    ann.visible.delete('of two');
    expect(hear(viewer, ann)).toBeNull();
    ann.visible.delete('of one');
    expect(hear(viewer, ann)).toEqual(['one>-', 'offline']);
  });
});

describe('redact is asked once per presence and change', () => {
  test('however often the viewer is told or asks', () => {
    const redact = vi.fn<Redact>((_, presence) => presence);
    const viewer = viewerOf(userOf('bob', 8), redact);
    const ann = annWith('offline', 'one', 'two');
    personalise(viewer, viewer.view!, ann, []);
    expect(redact).toHaveBeenCalledTimes(2);
    look(viewer, ann);
    presencesTo(viewer, [ann]);
    generalsTo(viewer, [ann]);
    note(viewer, ann);
    personalise(viewer, viewer.view!, ann, []);
    expect(redact).toHaveBeenCalledTimes(2);
    show(ann, 'of one', 'three');
    personalise(viewer, viewer.view!, ann, []);
    expect(redact).toHaveBeenCalledTimes(3);
    expect(redact.mock.lastCall?.[1].status).toBe('three');
  });

  test('again when it may answer otherwise, and not while the user is hidden', () => {
    const redact = vi.fn<Redact>((_, presence) => presence);
    const viewer = viewerOf(userOf('bob', 8), redact);
    const ann = annWith('offline', 'one');
    note(viewer, ann);
    personalise(viewer, viewer.view!, ann, [], true);
    expect(redact).toHaveBeenCalledTimes(2);
    viewer.view!.refused.add('ann');
    personalise(viewer, viewer.view!, ann, [], true);
    expect(redact).toHaveBeenCalledTimes(2);
  });

  test('a presence it hid, or threw at, is not asked about again either', () => {
    for (const name of ['hides', 'throws', 'returns undefined']) {
      const redact = vi.fn<Redact>(REDACTS[name]);
      const viewer = viewerOf(userOf('bob', 8), redact);
      const ann = annWith('offline', 'one');
      note(viewer, ann);
      note(viewer, ann);
      expect(redact).toHaveBeenCalledTimes(1);
    }
  });

  test('never about the own user', () => {
    const redact = vi.fn<Redact>(() => null);
    const ann = annWith('offline', 'one');
    const viewer = viewerOf(ann, redact);
    note(viewer, ann);
    expect(viewer.view!.told.size).toBe(0);
    expect(presencesTo(viewer, [ann])).toHaveLength(1);
    expect(redact).not.toHaveBeenCalled();
  });
});
