/** Short messages that come and go at the edge of the screen. */
import { h } from './dom.ts';

export type ToastKind = 'info' | 'good' | 'bad';

const SHOWN_MS = 4_200;
const MOST = 3;

const shelf = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });

/** Shows a message for a few seconds. */
export function toast(text: string, kind: ToastKind = 'info'): void {
  if (!shelf.isConnected) {
    document.body.append(shelf);
  }
  const note = h('div', { class: `toast toast-${kind}`, testId: 'toast' }, text);
  shelf.append(note);
  while (shelf.children.length > MOST) {
    shelf.firstElementChild?.remove();
  }
  setTimeout(() => {
    note.classList.add('leaving');
    setTimeout(() => note.remove(), 300);
  }, SHOWN_MS);
}
