/** One user: where it is, who follows it, what a viewer sees of it, and what can be done. */
import { byId, count, cut, duration, el } from './dom.ts';
import type { Explanation, UserReport } from '../../server/report-types.ts';
import type { Reached } from '../../server/types.ts';
import type { Action } from '../types.ts';

export function watchSearch(): (userId: string) => void {
  const form = byId('search') as HTMLFormElement;
  const fields = form.elements as unknown as { id: HTMLInputElement; viewer: HTMLInputElement };
  let asked = 0;
  const look = (): void => {
    const question = ++asked;
    // Of several questions only the last is answered.
    void show(fields.id.value, fields.viewer.value, () => question === asked);
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    look();
  });
  return (userId) => {
    fields.id.value = userId;
    look();
    form.scrollIntoView({ block: 'nearest' });
  };
}

async function show(userId: string, viewer: string, isWanted: () => boolean): Promise<void> {
  const [user, seen] = await Promise.all([
    ask<UserReport>(`user?id=${encodeURIComponent(userId)}`),
    viewer === ''
      ? undefined
      : ask<Explanation>(`explain?viewer=${encodeURIComponent(viewer)}&user=${encodeURIComponent(userId)}`),
  ]);
  if (!isWanted()) {
    return;
  }
  const box = byId('user');
  if (typeof user === 'string') {
    box.replaceChildren(el('p', { class: 'bad' }, user));
    return;
  }
  box.replaceChildren(
    el(
      'p',
      {},
      cut(userId),
      ' is ',
      el('b', { 'data-testid': 'user-general' }, user.general),
      user.complete ? '.' : ', as far as is known: not every process has answered.',
    ),
    ...explained(viewer, seen),
    ...user.connections.map(connectionOf),
    el(
      'p',
      {},
      `${count(user.followers)} ${user.followers === 1 ? 'connection follows' : 'connections follow'} it`,
      ...(user.followedBy.length > 0 ? [': ', ...commas(user.followedBy)] : []),
      '.',
    ),
    actionsOf(userId, viewer),
  );
}

function explained(viewer: string, seen: Explanation | string | undefined): HTMLElement[] {
  if (seen === undefined) {
    return [];
  }
  if (typeof seen === 'string') {
    return [el('p', { class: 'bad' }, seen)];
  }
  const shown = seen.views.flatMap(({ presences }) => presences.map(({ status }) => status));
  return [
    el(
      'p',
      {},
      'For ',
      cut(viewer),
      ': ',
      el('b', { 'data-testid': 'reason', class: seen.reason === 'visible' ? 'good' : 'warn' }, seen.reason),
      ` – ${seen.message}`,
    ),
    ...(shown.length > 0
      ? [el('p', {}, 'It is shown: ', ...commas(shown.map((status) => status || '(no text)')))]
      : []),
  ];
}

function connectionOf(connection: UserReport['connections'][number]): HTMLElement {
  const { status, roomName, roomId, sinceMs, delivery, process, follows } = connection;
  return el(
    'p',
    { 'data-testid': 'connection' },
    status === null ? 'Invisible' : status === '' ? 'Visible, no text' : cut(status, 120),
    ` in ${roomName ?? 'a room'} `,
    cut(roomId ?? ''),
    ` on ${process.split('.')[0] ?? process}, since ${duration(sinceMs)}, follows ${follows}${delivery === 'live' ? '' : `, ${delivery}`}`,
  );
}

function commas(texts: readonly string[]): Array<HTMLElement | string> {
  return texts.flatMap((text, at) => (at === 0 ? [cut(text)] : [', ', cut(text)]));
}

function actionsOf(userId: string, viewer: string): HTMLElement {
  const status = el('input', {
    placeholder: 'new status',
    'aria-label': 'new status',
    'data-testid': 'new-status',
  }) as HTMLInputElement;
  const result = el('span', { role: 'status', 'data-testid': 'result' });
  const button = (label: string, question: string, action: () => Action, isDanger = false): HTMLElement => {
    const element = el('button', { type: 'button', class: isDanger ? 'danger' : '' }, label);
    element.addEventListener('click', () => {
      if (confirm(question)) {
        void act(action()).then((text) => {
          result.textContent = text;
        });
      }
    });
    return element;
  };
  return el(
    'div',
    { class: 'actions' },
    status,
    button('Set status', `Set the status of all connections of ${userId}?`, () => ({
      action: 'status',
      userId,
      status: status.value,
    })),
    button('Make invisible', `Clear the status of all connections of ${userId}?`, () => ({
      action: 'status',
      userId,
      status: null,
    })),
    button('Lock status', `Give all connections of ${userId} this status, whatever its clients set?`, () => ({
      action: 'lock',
      userId,
      status: status.value,
    })),
    button('Unlock', `Let the clients of ${userId} set its status again?`, () => ({ action: 'unlock', userId })),
    button('Disconnect', `Disconnect ${userId}?`, () => ({ action: 'disconnect', userId }), true),
    ...(viewer === ''
      ? []
      : [
          button(
            'Hide from viewer',
            `Let ${userId} block ${viewer}?`,
            () => ({ action: 'block', userId, blockedId: viewer }),
            true,
          ),
          button('End that block', `End the block of ${viewer} by ${userId}?`, () => ({
            action: 'unblock',
            userId,
            blockedId: viewer,
          })),
        ]),
    result,
  );
}

async function act(action: Action): Promise<string> {
  const answer = await ask<Reached>('act', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-presence-monitor': '1' },
    body: JSON.stringify(action),
  });
  return typeof answer === 'string'
    ? answer
    : `Done: ${answer.connections} connections, ${answer.processes} processes.`;
}

/** The answer, or a sentence about why there is none. */
async function ask<T extends object>(path: string, init?: RequestInit): Promise<T | string> {
  try {
    const response = await fetch(path, init);
    const body = (await response.json()) as T | { error: string };
    return response.ok ? (body as T) : 'error' in body ? body.error : `The server answered ${response.status}.`;
  } catch {
    return 'The server does not answer.';
  }
}
