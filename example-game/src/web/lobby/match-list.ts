/** The open matches, live. */
import type { OpenMatch, OpenMatches } from '../net/open-matches.ts';
import { avatar } from '../ui/avatar.ts';
import { userIdOf } from '../../shared/names.ts';
import { h, setText } from '../ui/dom.ts';

export function matchList(matches: OpenMatches, join: (roomId: string) => void): HTMLElement {
  const list = h('ul', { class: 'matches', testId: 'match-list' });
  const count = h('span', { class: 'count' });
  const empty = h('p', { class: 'empty' }, 'No match is running. Start one, and it shows up here for everybody.');
  let drawn = '';

  const update = (): void => {
    const all = matches.list;
    const drawing = JSON.stringify(all);
    if (drawing === drawn) {
      return;
    }
    drawn = drawing;
    list.replaceChildren(...all.map((match) => row(match, join)));
    setText(count, all.length === 0 ? '' : String(all.length));
    empty.hidden = all.length > 0;
  };
  matches.onChange(update);
  update();
  return h(
    'section',
    { class: 'card', 'aria-label': 'Open matches' },
    h('header', { class: 'panel-head' }, h('h2', {}, 'Open matches'), count),
    empty,
    list,
  );
}

function row({ roomId, host, players, maxPlayers }: OpenMatch, join: (roomId: string) => void): HTMLElement {
  const full = players >= maxPlayers;
  const name = host === '' ? 'A match' : `${host}’s match`;
  return h(
    'li',
    { class: 'match-row', testId: `match-${roomId}` },
    avatar(userIdOf(host || roomId), host || '?'),
    h(
      'div',
      { class: 'match-words' },
      h('strong', {}, name),
      h(
        'span',
        { class: 'seats', 'aria-label': `${players} of ${maxPlayers} seats taken` },
        ...Array.from({ length: maxPlayers }, (_, seat) => h('i', { class: seat < players ? 'taken' : '' })),
        h('span', {}, `${players}/${maxPlayers}`),
      ),
    ),
    h(
      'button',
      {
        class: `button small join${full ? ' full' : ''}`,
        type: 'button',
        testId: `match-${roomId}-join`,
        on: { click: () => join(roomId) },
      },
      full ? 'Full' : 'Join',
    ),
  );
}
