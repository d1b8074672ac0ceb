/** `window.__game`: a look inside for the console and for browser tests. Nothing in the game uses it. */
import type { MatchPage } from './match-page.ts';

export interface GameDebug {
  /** The match on screen, or `null` in the lobby. */
  readonly roomId: string | null;
  /** Where the own ship is drawn, in world units. */
  me(): { x: number; y: number } | null;
  /** Every ship on screen. */
  players(): Array<{ userId: string; x: number; y: number; bot: boolean }>;
}

declare global {
  interface Window {
    __game: GameDebug;
  }
}

export function exposeDebug(page: () => MatchPage | undefined): void {
  window.__game = {
    get roomId() {
      return page()?.roomId ?? null;
    },
    me: () => {
      const ship = page()?.ships.find(({ mine }) => mine);
      return ship === undefined ? null : { x: ship.x, y: ship.y };
    },
    players: () => (page()?.ships ?? []).map(({ userId, x, y, bot }) => ({ userId, x, y, bot })),
  };
}
