/** One friend in the list: who, doing what, and the way in. Updated in place, so that focus stays. */
import type { Friend } from 'colyseus-presence/client';
import { viewOf } from '../net/activity.ts';
import { avatar } from '../ui/avatar.ts';
import { h, setText } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';

export interface FriendActions {
  nameOf: (userId: string, friend: Friend) => string;
  /** The match this player is in, if any. */
  currentMatch: () => string | undefined;
  join: (userId: string) => void;
  remove: (userId: string) => void;
}

export class FriendRow {
  readonly element: HTMLElement;
  readonly #actions: FriendActions;
  readonly #name = h('strong', { class: 'friend-name' });
  readonly #label = h('span', { class: 'friend-label' });
  readonly #text = h('span', { class: 'friend-text' });
  readonly #join: HTMLButtonElement;
  readonly #together = h('span', { class: 'chip' }, 'With you');
  readonly #remove: HTMLButtonElement;
  #wasOnline: boolean | undefined;

  constructor(userId: string, name: string, actions: FriendActions) {
    this.#actions = actions;
    this.#join = h(
      'button',
      {
        class: 'button small join',
        type: 'button',
        testId: `friend-${userId}-join`,
        on: { click: () => actions.join(userId) },
      },
      'Join',
    );
    this.#remove = h(
      'button',
      {
        class: 'icon-button remove',
        type: 'button',
        testId: `friend-${userId}-remove`,
        on: { click: () => actions.remove(userId) },
      },
      icon('close'),
    );
    this.element = h(
      'li',
      { class: 'friend', testId: `friend-${userId}` },
      h('span', { class: 'friend-face' }, avatar(userId, name), h('span', { class: 'dot' })),
      h(
        'div',
        { class: 'friend-words' },
        this.#name,
        h('p', { class: 'friend-status', testId: `friend-${userId}-status` }, this.#label, this.#text),
      ),
      this.#together,
      this.#join,
      this.#remove,
    );
  }

  /** Draws the friend; returns true when it has just come online (not when seen for the first time). */
  update(friend: Friend): boolean {
    const { activity, label, text } = viewOf(friend);
    const name = this.#actions.nameOf(friend.userId, friend);
    const together = friend.matchId !== undefined && friend.matchId === this.#actions.currentMatch();
    const { dataset, classList } = this.element;
    dataset['general'] = friend.general;
    dataset['activity'] = activity;
    classList.toggle('stale', friend.stale);
    setText(this.#name, name);
    setText(this.#label, label);
    setText(this.#text, text);
    this.#together.hidden = !together;
    this.#join.hidden = friend.matchId === undefined || together;
    this.#join.classList.toggle('full', !friend.joinable);
    setText(this.#join, friend.joinable ? 'Join' : 'Full');
    this.#join.setAttribute('aria-label', friend.joinable ? `Join ${name}` : `${name}'s match is full`);
    this.#remove.setAttribute('aria-label', `Remove ${name}`);
    this.#remove.title = `Remove ${name}`;

    const arrived = friend.online && this.#wasOnline === false;
    this.#wasOnline = friend.online;
    if (arrived) {
      classList.remove('arrived');
      void this.element.offsetWidth; // Restarts the animation.
      classList.add('arrived');
    }
    return arrived;
  }
}
