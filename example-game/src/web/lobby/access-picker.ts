/** Who may come into the next match. */
import { ACCESS, type Access } from '../../shared/access.ts';
import { h } from '../ui/dom.ts';

const WORDS: Record<Access, [label: string, hint: string]> = {
  open: ['Open', 'Everybody finds it in the list'],
  friends: ['Friends', 'Not in the list; your friends may join'],
  invite: ['Invite only', 'Not in the list; friends ask, or are invited'],
};

export interface AccessPicker {
  element: HTMLElement;
  readonly value: Access;
}

export function accessPicker(): AccessPicker {
  let value: Access = 'open';
  const choice = (access: Access): HTMLElement => {
    const [label, hint] = WORDS[access];
    const input = h('input', {
      type: 'radio',
      name: 'access',
      value: access,
      checked: access === value,
      on: {
        change: () => {
          value = access;
        },
      },
    });
    return h('label', { title: hint, testId: `access-${access}` }, input, h('span', {}, label));
  };
  return {
    element: h(
      'fieldset',
      { class: 'access' },
      h('legend', { class: 'visually-hidden' }, 'Who may join the new match'),
      ...ACCESS.map(choice),
    ),
    get value() {
      return value;
    },
  };
}
