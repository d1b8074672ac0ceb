/** Below the friends: who asks to be one, whom this player has asked, and who is blocked. */
import type { FriendAction, Person } from '../../shared/friends.ts';
import type { FriendBook } from '../net/friend-book.ts';
import { avatar } from '../ui/avatar.ts';
import { h } from '../ui/dom.ts';

type Button = [action: FriendAction, label: string];

export interface RequestLists {
  /** Those who wait for an answer: above the friends. */
  incoming: HTMLElement;
  /** What is of less interest: below them. */
  others: HTMLElement;
}

export function requestLists(book: FriendBook, act: (action: FriendAction, name: string) => void): RequestLists {
  const incoming = h('ul', { class: 'people requests', testId: 'requests' });
  const outgoing = h('ul', { class: 'people' });
  const blocked = h('ul', { class: 'people' });
  const blockedCount = h('summary');
  const fold = h('details', { class: 'blocked-players', testId: 'blocked' }, blockedCount, blocked);

  const update = (): void => {
    const { lists } = book;
    const draw = (list: HTMLElement, people: Person[], note: string, buttons: Button[]): void => {
      list.replaceChildren(...people.map((person) => row(person, note, buttons)));
      list.hidden = people.length === 0;
    };
    draw(incoming, lists.incoming, 'asks to be friends', [
      ['accept', 'Accept'],
      ['decline', 'Decline'],
    ]);
    draw(outgoing, lists.outgoing, 'has not answered yet', [['cancel', 'Cancel']]);
    draw(blocked, lists.blocked, 'sees you offline', [['unblock', 'Unblock']]);
    fold.hidden = lists.blocked.length === 0;
    blockedCount.textContent = `Blocked players (${lists.blocked.length})`;
  };

  const row = ({ userId, name }: Person, note: string, buttons: Button[]): HTMLElement =>
    h(
      'li',
      { class: 'person', testId: `person-${userId}` },
      avatar(userId, name),
      h('div', { class: 'person-words' }, h('strong', {}, name), h('span', {}, note)),
      ...buttons.map(([action, label]) =>
        h(
          'button',
          {
            class: `button small ${action === 'accept' ? 'join' : 'quiet'}`,
            type: 'button',
            testId: `person-${userId}-${action}`,
            on: { click: () => act(action, name) },
          },
          label,
        ),
      ),
    );

  book.onChange(update);
  update();
  return { incoming, others: h('div', {}, outgoing, fold) };
}
