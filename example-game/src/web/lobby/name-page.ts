/** The first thing a visitor sees: pick a name. */
import { NAME_PATTERN, NAME_RULE } from '../../shared/names.ts';
import { GAME_NAME } from '../../shared/rules.ts';
import { h, setText } from '../ui/dom.ts';

/** `enter` signs in; when it rejects, the error is shown and the player may try again. */
export function namePage(suggestion: string, enter: (name: string) => Promise<void>): HTMLElement {
  const problem = h('p', { class: 'problem', id: 'name-problem', role: 'alert' });
  const input = h('input', {
    class: 'field big',
    id: 'name',
    name: 'name',
    value: suggestion,
    maxlength: 16,
    required: true,
    autocomplete: 'nickname',
    autocapitalize: 'off',
    spellcheck: 'false',
    placeholder: 'Your name',
    pattern: NAME_PATTERN.source.slice(1, -1),
    title: NAME_RULE,
    'aria-describedby': 'name-problem',
    testId: 'name-input',
  });
  const button = h('button', { class: 'button primary big', type: 'submit', testId: 'name-submit' }, 'Enter');
  const form = h(
    'form',
    {
      novalidate: true,
      on: {
        submit: (event) => {
          event.preventDefault();
          const name = input.value.trim();
          if (!NAME_PATTERN.test(name)) {
            setText(problem, NAME_RULE);
            input.focus();
            return;
          }
          button.disabled = true;
          setText(problem, '');
          enter(name).catch((error: unknown) => {
            setText(problem, error instanceof Error ? error.message : String(error));
            button.disabled = false;
            input.focus();
          });
        },
      },
    },
    h('label', { for: 'name', class: 'visually-hidden' }, 'Your name'),
    input,
    button,
  );
  queueMicrotask(() => input.focus());
  return h(
    'main',
    { class: 'name-page' },
    h(
      'section',
      { class: 'name-card' },
      h('h1', {}, GAME_NAME),
      h('p', { class: 'lead' }, 'Pick a name. Friends add you by it.'),
      form,
      problem,
    ),
  );
}
