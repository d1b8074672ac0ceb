/** The lobby: play, open matches, you and your friends. */
import type { PartyClient } from 'colyseus-presence/client';
import type { Access } from '../../shared/access.ts';
import { GAME_NAME } from '../../shared/rules.ts';
import { h, setText } from '../ui/dom.ts';
import { logo } from '../ui/icons.ts';
import { accessPicker } from './access-picker.ts';
import { partyStrip } from './party-strip.ts';

export interface LobbyPage {
  element: HTMLElement;
  /** Where the friends panel lives while no match is on screen. */
  friendsSlot: HTMLElement;
}

export interface LobbyPageOptions {
  selfCard: HTMLElement;
  matchList: HTMLElement;
  party: PartyClient;
  play: (access: Access) => void;
  onError: (error: unknown) => void;
}

export function lobbyPage({ selfCard, matchList, party, play, onError }: LobbyPageOptions): LobbyPage {
  const friendsSlot = h('div', { class: 'card friends-slot' });
  const access = accessPicker();
  const note = h('small');
  const button = h(
    'button',
    { class: 'button primary play', type: 'button', testId: 'play', on: { click: () => play(access.value) } },
    'Play',
    note,
  );
  const update = (): void => {
    const { members, isLeader, leader } = party.getSnapshot() ?? { members: [], isLeader: true, leader: '' };
    const leaderName = members.find(({ userId }) => userId === leader)?.username ?? leader;
    button.disabled = !isLeader;
    setText(note, members.length < 2 ? 'new match' : isLeader ? 'with your party' : `${leaderName} starts`);
  };
  party.subscribe(update);
  update();

  const element = h(
    'div',
    { class: 'lobby' },
    h('header', { class: 'topbar' }, logo(), h('span', { class: 'wordmark' }, GAME_NAME)),
    h(
      'main',
      { class: 'lobby-main' },
      h(
        'section',
        { class: 'hero' },
        h('h1', {}, 'Grab shards.', h('br'), 'Ram friends.', h('br'), h('em', {}, 'Mind the star.')),
        h('p', { class: 'lead' }, '75-second rounds, up to four ships, and bots until your friends arrive.'),
        h('div', { class: 'start' }, button, access.element),
        partyStrip(party, onError),
      ),
      matchList,
    ),
    h('aside', { class: 'lobby-side' }, selfCard, friendsSlot),
  );
  return { element, friendsSlot };
}
