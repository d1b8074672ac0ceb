/** The player's own card: name, what friends see, custom text, "appear offline". */
import { MAX_TEXT, type MyStatus } from '../net/my-status.ts';
import { avatar } from '../ui/avatar.ts';
import { h, setText } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';

export interface SelfCardOptions {
  userId: string;
  username: string;
  status: MyStatus;
  onSwitchName: () => void;
}

export function selfCard({ userId, username, status, onSwitchName }: SelfCardOptions): HTMLElement {
  const seen = h('p', { class: 'self-seen', testId: 'self-status' });
  const input = h('input', {
    class: 'field',
    id: 'status-text',
    maxlength: MAX_TEXT,
    placeholder: 'Say something to your friends',
    value: status.text,
    autocomplete: 'off',
    testId: 'status-input',
  });
  const save = h('button', { class: 'button', type: 'submit', testId: 'status-save' }, 'Save');
  const toggle = h('input', {
    type: 'checkbox',
    role: 'switch',
    class: 'switch',
    id: 'invisible',
    testId: 'offline-toggle',
  });
  toggle.checked = status.invisible;
  toggle.addEventListener('change', () => status.setInvisible(toggle.checked));

  const card = h(
    'section',
    { class: 'card self', 'aria-label': 'You' },
    h(
      'div',
      { class: 'self-head' },
      avatar(userId, username),
      h('div', { class: 'self-names' }, h('strong', {}, username), seen),
      h(
        'button',
        { class: 'text-button', type: 'button', testId: 'switch-name', on: { click: onSwitchName } },
        'Switch name',
      ),
    ),
    h(
      'form',
      {
        class: 'inline-form',
        on: {
          submit: (event) => {
            event.preventDefault();
            status.setText(input.value);
            input.value = status.text;
            confirmOn(save);
          },
        },
      },
      h('label', { for: 'status-text', class: 'visually-hidden' }, 'Custom status'),
      input,
      save,
    ),
    h('label', { class: 'switch-row', for: 'invisible' }, icon('moon'), h('span', {}, 'Appear offline'), toggle),
  );

  const update = (): void => {
    card.classList.toggle('invisible', status.invisible);
    setText(seen, status.invisible ? 'Friends see you offline' : 'Friends see you online');
  };
  status.onChange(update);
  update();
  return card;
}

function confirmOn(button: HTMLButtonElement): void {
  button.replaceChildren(icon('check'));
  setTimeout(() => button.replaceChildren('Save'), 1200);
}
