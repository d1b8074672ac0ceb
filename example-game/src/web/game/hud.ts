/** What lies over the canvas: timer, scores, the scoreboard between rounds, a hint. */
import { RESULTS_MS, ROUND_MS } from '../../shared/rules.ts';
import { h, setAttribute, setText } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';
import type { ShipView, World } from './world.ts';

const HINT_MS = 9_000;

export class Hud {
  readonly element: HTMLElement;
  readonly #clock = h('span', { class: 'clock-time' });
  readonly #round = h('span', { class: 'clock-round' });
  readonly #timer: HTMLElement;
  readonly #scores = h('ol', { class: 'scores', 'aria-label': 'Scores' });
  readonly #results = h('section', { class: 'results', hidden: true, 'aria-live': 'polite' });
  readonly #hint: HTMLElement;
  #drawn = '';

  constructor() {
    const touch = window.matchMedia('(pointer: coarse)').matches;
    this.#timer = h('div', { class: 'clock', role: 'timer' }, this.#round, this.#clock);
    this.#hint = h(
      'p',
      { class: 'hint' },
      touch
        ? 'Drag to fly. The bolt dashes: ram others to shake out their shards.'
        : 'Fly with the mouse or WASD. Click or Space dashes: ram others to shake out their shards.',
    );
    setTimeout(() => this.#hint.classList.add('leaving'), HINT_MS);
    this.element = h('div', { class: 'hud' }, this.#timer, this.#scores, this.#results, this.#hint);
  }

  update(world: World, ships: readonly ShipView[], now: number): void {
    const left = Math.max(0, world.phaseEndsAt - world.time(now));
    const seconds = Math.ceil(left / 1000);
    const playing = world.phase === 'playing';
    setText(
      this.#clock,
      playing ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}` : `${seconds}`,
    );
    setText(this.#round, playing ? `Round ${world.round}` : 'Next round');
    this.#timer.style.setProperty('--left', String(left / (playing ? ROUND_MS : RESULTS_MS)));
    this.#timer.classList.toggle('hurry', playing && seconds <= 10);

    const ranking = ships.toSorted((a, b) => b.score - a.score || a.name.localeCompare(b.name));
    const drawing = JSON.stringify([
      playing,
      ranking.map(({ shipId, score, mine, connected }) => [shipId, score, mine, connected]),
    ]);
    if (drawing === this.#drawn) {
      return;
    }
    this.#drawn = drawing;
    this.#scores.replaceChildren(...ranking.map((ship, index) => scoreRow(ship, index === 0 && ship.score > 0)));
    setAttribute(this.#results, 'hidden', playing);
    if (!playing) {
      this.#results.replaceChildren(...resultsOf(ranking, world.round));
    }
  }
}

function scoreRow(ship: ShipView, leads: boolean): HTMLElement {
  return h(
    'li',
    { class: `score${ship.mine ? ' mine' : ''}${ship.connected ? '' : ' away'}`, style: `--hue: ${ship.hue}` },
    h('span', { class: 'score-dot' }),
    h('span', { class: 'score-name' }, ship.name),
    leads && h('span', { class: 'score-crown' }, icon('crown')),
    h('span', { class: 'score-value' }, String(ship.score)),
  );
}

function resultsOf(ranking: readonly ShipView[], round: number): HTMLElement[] {
  const best = ranking[0];
  const most = Math.max(1, best?.score ?? 1);
  const tie = ranking.filter(({ score }) => score === best?.score).length > 1;
  return [
    h('p', { class: 'results-round' }, `Round ${round}`),
    h('h2', {}, best === undefined || tie ? 'A tie!' : best.mine ? 'You win!' : `${best.name} wins`),
    h(
      'ol',
      { class: 'results-list' },
      ...ranking.map((ship, index) =>
        h(
          'li',
          {
            class: ship.mine ? 'mine' : '',
            style: `--hue: ${ship.hue}; --part: ${ship.score / most}; --delay: ${index * 90}ms`,
          },
          h('span', { class: 'results-place' }, String(index + 1)),
          h('span', { class: 'results-name' }, ship.name, ship.bot && h('small', {}, ' bot')),
          h('span', { class: 'results-bar' }),
          h('span', { class: 'results-value' }, String(ship.score)),
        ),
      ),
    ),
  ];
}
