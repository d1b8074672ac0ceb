/** The lobby: play, open matches, you and your friends. */
import { GAME_NAME } from '../../shared/rules.ts';
import { h } from '../ui/dom.ts';
import { logo } from '../ui/icons.ts';

export interface LobbyPage {
  element: HTMLElement;
  /** Where the friends panel lives while no match is on screen. */
  friendsSlot: HTMLElement;
}

export function lobbyPage(parts: { selfCard: HTMLElement; matchList: HTMLElement; play: () => void }): LobbyPage {
  const friendsSlot = h('div', { class: 'card friends-slot' });
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
        h(
          'button',
          { class: 'button primary play', type: 'button', testId: 'play', on: { click: parts.play } },
          'Play',
          h('small', {}, 'new match'),
        ),
      ),
      parts.matchList,
    ),
    h('aside', { class: 'lobby-side' }, parts.selfCard, friendsSlot),
  );
  return { element, friendsSlot };
}
