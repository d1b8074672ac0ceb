/** The page of a match: canvas, controls, HUD, and the way back to the lobby. */
import type { Room } from '@colyseus/sdk';
import type { ArenaState } from '../../server/arena/arena-state.ts';
import type { EffectsMessage, MeReply } from '../../shared/messages.ts';
import { setTrouble } from '../ui/banner.ts';
import { h } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';
import { Controls } from './controls.ts';
import { Effects } from './effects.ts';
import { Hud } from './hud.ts';
import { Renderer } from './renderer.ts';
import { Steering } from './steering.ts';
import { World, type ShipView } from './world.ts';

export type MatchRoom = Room<unknown, ArenaState>;

export interface MatchPageOptions {
  room: MatchRoom;
  /** Shown in the drawer. */
  friendsPanel: HTMLElement;
  /** Somebody came or went. */
  onPlayers: () => void;
  /** The match is over for this player; `left` = on purpose. */
  onEnd: (left: boolean) => void;
}

export class MatchPage {
  readonly element: HTMLElement;
  readonly roomId: string;
  readonly #options: MatchPageOptions;
  readonly #world: World;
  readonly #effects = new Effects();
  readonly #hud = new Hud();
  readonly #renderer: Renderer;
  readonly #controls: Controls;
  readonly #steering: Steering;
  #ships: ShipView[] = [];
  #players: string[] = [];
  #frame = 0;
  #lastFrame = performance.now();
  #phase: ArenaState['phase'] = 'playing';
  #ended = false;

  /** Asks the room which ship is ours, then opens the page. */
  static async open(options: MatchPageOptions): Promise<MatchPage> {
    const { room } = options;
    let page: MatchPage | undefined;
    // Registered before anything is awaited: the room may report effects at once.
    room.onMessage('fx', (effects: EffectsMessage) => page?.show(effects));
    const { shipId } = await room.request<unknown, MeReply>('me');
    page = new MatchPage(options, shipId);
    return page;
  }

  private constructor(options: MatchPageOptions, shipId: string) {
    const { room, friendsPanel } = options;
    this.#options = options;
    this.roomId = room.roomId;
    this.#world = new World(shipId);
    const canvas = h('canvas', { class: 'arena', 'aria-label': 'The arena' });
    this.#renderer = new Renderer(canvas);
    this.#steering = new Steering(room);
    const dash = (): void => this.#dash();
    this.#controls = new Controls({
      surface: canvas,
      shipOnScreen: () => this.#renderer.toScreen(this.#world.own.view ?? { x: 0, y: 0 }),
      onDash: dash,
    });
    this.element = h(
      'main',
      { class: 'match', testId: 'in-match', 'data-room-id': room.roomId, 'data-players': '1' },
      canvas,
      this.#hud.element,
      h(
        'button',
        { class: 'glass-button leave', type: 'button', testId: 'leave-match', on: { click: () => this.leave() } },
        icon('back'),
        h('span', {}, 'Back to lobby'),
      ),
      h(
        'button',
        { class: 'dash-button', type: 'button', 'aria-label': 'Dash', on: { pointerdown: dash } },
        icon('bolt'),
      ),
      ...drawer(friendsPanel),
    );
    this.#listen();
    this.#frame = requestAnimationFrame((now) => this.#draw(now));
  }

  /** Every ship as it is drawn now. */
  get ships(): readonly ShipView[] {
    return this.#ships;
  }

  /** Whether this user plays in the match. */
  has(userId: string): boolean {
    return this.#players.includes(userId);
  }

  /** Leaves the match on purpose. */
  leave(): void {
    this.#end(true);
    // A dropped connection cannot say goodbye; the server's grace ends the seat then.
    this.#options.room.leave().catch(() => undefined);
  }

  /** Draws what the room reports. */
  show(effects: EffectsMessage): void {
    for (const effect of effects) {
      // The own dash was shown when it was asked for.
      if (effect.kind !== 'dash' || effect.shipId !== this.#world.own.shipId) {
        this.#effects.show(effect, this.#world.own.shipId, (shipId) => this.#hueOf(shipId));
      }
    }
  }

  #listen(): void {
    const { room } = this.#options;
    this.#take(room.state);
    room.onStateChange((state) => this.#take(state));
    room.onDrop(() => setTrouble('match', 'Connection lost. Getting back into the match…'));
    room.onReconnect(() => {
      this.#steering.forget();
      setTrouble('match', null);
    });
    room.onLeave(() => this.#end(false));
  }

  #take(state: ArenaState): void {
    if (this.#ended) {
      return;
    }
    this.#world.apply(state, performance.now());
    const players = [...state.ships.values()].filter(({ bot }) => !bot).map(({ userId }) => userId);
    if (players.join() !== this.#players.join()) {
      this.#players = players;
      this.element.dataset['players'] = String(players.length);
      this.#options.onPlayers();
    }
    if (state.phase !== this.#phase) {
      this.#phase = state.phase;
      this.#celebrate();
    }
  }

  #draw(now: number): void {
    const seconds = Math.min(0.1, (now - this.#lastFrame) / 1000);
    this.#lastFrame = now;
    const { thrust } = this.#controls;
    this.#steering.steer(thrust, now);
    this.#world.advance(seconds, thrust);
    this.#effects.advance(seconds);
    this.#ships = this.#world.ships(now);
    this.#renderer.draw(this.#world, this.#ships, this.#effects, this.#controls.stick, now, seconds);
    this.#hud.update(this.#world, this.#ships, now);
    this.#frame = requestAnimationFrame((next) => this.#draw(next));
  }

  #dash(): void {
    const { own } = this.#world;
    const place = own.view;
    if (place !== undefined && this.#world.phase === 'playing' && own.dash(this.#world.time(performance.now()))) {
      this.#steering.dash();
      this.#effects.show({ kind: 'dash', x: place.x, y: place.y, shipId: own.shipId }, own.shipId, (shipId) =>
        this.#hueOf(shipId),
      );
    }
  }

  #celebrate(): void {
    const winner = this.#ships.toSorted((a, b) => b.score - a.score)[0];
    if (this.#phase === 'results' && winner !== undefined && winner.score > 0) {
      this.#effects.celebrate(winner.x, winner.y);
    }
  }

  #hueOf(shipId: string): number {
    return this.#ships.find((ship) => ship.shipId === shipId)?.hue ?? 210;
  }

  #end(left: boolean): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    cancelAnimationFrame(this.#frame);
    this.#controls.stop();
    setTrouble('match', null);
    this.#options.onEnd(left);
  }
}

/** The friends list at the side, and the button that opens it. */
function drawer(panel: HTMLElement): HTMLElement[] {
  const aside = h('aside', { class: 'drawer', id: 'friends-drawer', inert: true }, panel);
  const toggle = h(
    'button',
    {
      class: 'glass-button drawer-toggle',
      type: 'button',
      testId: 'friends-toggle',
      'aria-controls': 'friends-drawer',
      'aria-expanded': 'false',
      on: {
        click: () => {
          const open = aside.toggleAttribute('data-open');
          aside.inert = !open;
          toggle.setAttribute('aria-expanded', String(open));
        },
      },
    },
    icon('people'),
    h('span', {}, 'Friends'),
  );
  aside.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') {
      toggle.click();
      toggle.focus();
    }
  });
  return [aside, toggle];
}
