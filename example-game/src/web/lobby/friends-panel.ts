/** The friends list with its "add" field. One element for lobby and match: it moves between them. */
import { compareFriends, type Friend, type PresenceClient } from 'colyseus-presence/client';
import type { FriendAction } from '../../shared/friends.ts';
import type { FriendBook } from '../net/friend-book.ts';
import { h, setText } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';
import { toast } from '../ui/toasts.ts';
import { FriendRow, type FriendActions } from './friend-row.ts';
import { requestLists } from './request-list.ts';

export interface FriendsPanelOptions {
  presence: PresenceClient;
  book: FriendBook;
  /** Errors of adding and removing. */
  onError: (error: unknown) => void;
  actions: Omit<FriendActions, 'nameOf' | 'sent' | 'remove' | 'block'>;
  /** The link that makes its reader ask this player to be friends. */
  inviteLink: string;
}

export class FriendsPanel {
  readonly element: HTMLElement;
  readonly #options: FriendsPanelOptions;
  readonly #rows = new Map<string, FriendRow>();
  readonly #list = h('ul', { class: 'friends', testId: 'friends-list' });
  readonly #count = h('span', { class: 'count' });
  readonly #empty: HTMLElement;

  constructor(options: FriendsPanelOptions) {
    this.#options = options;
    this.#empty = h('p', { class: 'empty' }, 'Nobody here yet. Add a player by name, or send a friend your link.');
    const requests = requestLists(options.book, (action, name) => this.#act(action, name));
    this.element = h(
      'section',
      { class: 'friends-panel', 'aria-label': 'Friends' },
      h(
        'header',
        { class: 'panel-head' },
        h('h2', {}, 'Friends'),
        this.#count,
        h(
          'button',
          {
            class: 'text-button',
            type: 'button',
            title: 'Whoever opens the link asks to be your friend',
            on: { click: () => this.#copyLink() },
          },
          icon('link'),
          'Copy my link',
        ),
      ),
      this.#addForm(),
      requests.incoming,
      this.#empty,
      this.#list,
      requests.others,
    );
    const { presence, book } = options;
    for (const subscribe of [presence.subscribe, presence.invites.subscribe, presence.party.subscribe]) {
      subscribe(() => this.update());
    }
    book.onChange((before) => {
      for (const { userId, name } of book.lists.friends) {
        if (before.outgoing.some((person) => person.userId === userId)) {
          toast(`${name} is your friend now`, 'good');
        }
      }
      this.update();
    });
    this.update();
  }

  /** Redraws: also to be called after a change of the own match. */
  update(): void {
    const friends = this.#options.presence.getSnapshot().toSorted(compareFriends);
    const present = new Set(friends.map(({ userId }) => userId));
    for (const [userId, row] of this.#rows) {
      if (!present.has(userId)) {
        row.element.remove();
        this.#rows.delete(userId);
      }
    }
    friends.forEach((friend, index) => {
      const row = this.#rowOf(friend);
      if (row.update(friend) && !friend.stale) {
        toast(`${this.#options.book.nameOf(friend.userId, friend)} is online`, 'good');
      }
      if (this.#list.children[index] !== row.element) {
        this.#list.insertBefore(row.element, this.#list.children[index] ?? null);
      }
    });
    const online = friends.filter((friend) => friend.online).length;
    setText(this.#count, friends.length === 0 ? '' : `${online} online`);
    this.#count.classList.toggle('some', online > 0);
    this.#empty.hidden = friends.length > 0;
  }

  #act(action: FriendAction, name: string): void {
    void this.#options.book.act(action, name).catch(this.#options.onError);
  }

  #rowOf(friend: Friend): FriendRow {
    const { book, presence, actions } = this.#options;
    let row = this.#rows.get(friend.userId);
    if (row === undefined) {
      row = new FriendRow(friend.userId, book.nameOf(friend.userId, friend), {
        ...actions,
        nameOf: (userId, known) => book.nameOf(userId, known),
        sent: (userId, kind) =>
          presence.invites
            .getSnapshot()
            .find((invite) => !invite.incoming && invite.to === userId && invite.kind === kind),
        remove: (name) => this.#act('remove', name),
        block: (name) => this.#act('block', name),
      });
      this.#rows.set(friend.userId, row);
    }
    return row;
  }

  #addForm(): HTMLElement {
    const { book, onError } = this.#options;
    const input = h('input', {
      class: 'field',
      id: 'friend-name',
      maxlength: 16,
      placeholder: 'Add friend by name',
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: 'false',
      testId: 'friend-input',
    });
    const button = h(
      'button',
      { class: 'button', type: 'submit', testId: 'friend-add', 'aria-label': 'Add friend' },
      icon('plus'),
    );
    return h(
      'form',
      {
        class: 'inline-form',
        on: {
          submit: (event) => {
            event.preventDefault();
            const name = input.value.trim();
            button.disabled = true;
            book
              .act('ask', name)
              .then(() => {
                input.value = '';
              }, onError)
              .finally(() => {
                button.disabled = false;
              });
          },
        },
      },
      h('label', { for: 'friend-name', class: 'visually-hidden' }, 'Name of a friend'),
      input,
      button,
    );
  }

  #copyLink(): void {
    const { inviteLink } = this.#options;
    // Without HTTPS, browsers on other devices have no clipboard: show the link instead.
    Promise.resolve(navigator.clipboard?.writeText(inviteLink) ?? Promise.reject(new Error('no clipboard'))).then(
      () => toast('Link copied. Send it to a friend.', 'good'),
      () => toast(inviteLink),
    );
  }
}
