/** One friend in the list: who, doing what, and what to do together. Updated in place, so that focus stays. */
import type { Friend, OpenInvite } from 'colyseus-presence/client';
import { viewOf } from '../net/activity.ts';
import { avatar } from '../ui/avatar.ts';
import { h, setText } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';

export interface FriendActions {
  nameOf: (userId: string, friend: Friend) => string;
  /** Whether this player is in a match, to which friends can be invited. */
  playing: () => boolean;
  /** Whether the friend is in that same match. */
  isWithMe: (userId: string) => boolean;
  /** What this player has sent to the friend and is not answered yet. */
  sent: (userId: string, kind: OpenInvite['kind']) => OpenInvite | undefined;
  mayInviteToParty: (userId: string) => boolean;
  join: (userId: string) => void;
  ask: (userId: string) => void;
  invite: (userId: string) => void;
  inviteToParty: (userId: string) => void;
  /** Takes back what was sent. */
  cancel: (invite: OpenInvite) => void;
  remove: (name: string) => void;
  block: (name: string) => void;
}

export class FriendRow {
  readonly element: HTMLElement;
  readonly #actions: FriendActions;
  readonly #name = h('strong', { class: 'friend-name' });
  readonly #label = h('span', { class: 'friend-label' });
  readonly #text = h('span', { class: 'friend-text' });
  readonly #together = h('span', { class: 'chip' }, 'With you');
  readonly #join: HTMLButtonElement;
  readonly #ask: HTMLButtonElement;
  readonly #invite: HTMLButtonElement;
  readonly #toParty: HTMLButtonElement;
  readonly #menu: HTMLElement;
  #wasOnline: boolean | undefined;

  constructor(userId: string, name: string, actions: FriendActions) {
    this.#actions = actions;
    const button = (what: string, style: string, click: () => void, label?: string): HTMLButtonElement =>
      h('button', { class: style, type: 'button', testId: `friend-${userId}-${what}`, on: { click } }, label);
    /** A button that sends something; while that is open, it takes it back. */
    const sender = (kind: OpenInvite['kind'], send: (userId: string) => void) => (): void => {
      const sent = actions.sent(userId, kind);
      if (sent === undefined) {
        send(userId);
      } else {
        actions.cancel(sent);
      }
    };
    this.#join = button('join', 'button small join', () => actions.join(userId));
    this.#ask = button('ask', 'button small', sender('ask', actions.ask));
    this.#invite = button('invite', 'button small', sender('match', actions.invite));
    this.#toParty = button('party', 'menu-item', sender('party', actions.inviteToParty));
    this.#menu = menu(`friend-${userId}-menu`, `More about ${name}`, [
      this.#toParty,
      button('remove', 'menu-item', () => actions.remove(name), 'Remove from friends'),
      button('block', 'menu-item danger', () => actions.block(name), 'Block'),
    ]);
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
      this.#invite,
      this.#ask,
      this.#join,
      this.#menu,
    );
  }

  /** Draws the friend; returns true when it has just come online (not when seen for the first time). */
  update(friend: Friend): boolean {
    const { activity, label, text } = viewOf(friend);
    const { userId } = friend;
    const actions = this.#actions;
    const name = actions.nameOf(userId, friend);
    const { dataset, classList } = this.element;
    dataset['general'] = friend.general;
    dataset['activity'] = activity;
    classList.toggle('stale', friend.stale);
    setText(this.#name, name);
    setText(this.#label, label);
    setText(this.#text, text);

    const match = friend.match?.verified === true ? friend.match : undefined;
    const together = actions.isWithMe(userId);
    const mustAsk = match?.reason === 'policy';
    this.#together.hidden = !together;
    this.#join.hidden = match === undefined || together || mustAsk;
    this.#join.classList.toggle('full', !friend.joinable);
    setText(this.#join, friend.joinable ? 'Join' : 'Full');
    this.#join.setAttribute('aria-label', friend.joinable ? `Join ${name}` : `${name}'s match is full`);
    this.#ask.hidden = !mustAsk || together;
    setText(this.#ask, actions.sent(userId, 'ask') === undefined ? 'Ask' : 'Asked ✕');
    this.#ask.title = `Ask ${name} to let you in`;
    this.#invite.hidden = !friend.online || !actions.playing() || together;
    this.#invite.title = `Invite ${name} to your match`;
    setText(this.#invite, actions.sent(userId, 'match') === undefined ? 'Invite' : 'Invited ✕');
    this.#toParty.hidden = !friend.online || !actions.mayInviteToParty(userId);
    setText(this.#toParty, actions.sent(userId, 'party') === undefined ? 'Invite to party' : 'Take party invite back');

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

/** A "…" that opens a few buttons, and closes after a click or when the focus leaves. */
function menu(testId: string, label: string, items: HTMLElement[]): HTMLElement {
  const close = (): void => {
    element.open = false;
  };
  const element = h(
    'details',
    {
      class: 'menu',
      on: {
        focusout: ({ relatedTarget }) => {
          if (relatedTarget instanceof Node && !element.contains(relatedTarget)) {
            close();
          }
        },
        keydown: ({ key }) => {
          if (key === 'Escape') {
            close();
          }
        },
      },
    },
    h('summary', { class: 'icon-button', testId, 'aria-label': label, title: label }, icon('more')),
    h('div', { class: 'menu-items', on: { click: close } }, ...items),
  );
  return element;
}
