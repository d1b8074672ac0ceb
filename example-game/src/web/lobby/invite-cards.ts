/** What others want from this player, with the seconds left to answer: invites to matches and parties, and who asks to join. */
import type { OpenInvite, PresenceClient } from 'colyseus-presence/client';
import { INVITE_SECONDS } from '../../shared/rules.ts';
import { avatar } from '../ui/avatar.ts';
import { h, setText } from '../ui/dom.ts';
import { toast } from '../ui/toasts.ts';

export interface InviteCardsOptions {
  presence: PresenceClient;
  accept: (invite: OpenInvite) => void;
  decline: (invite: OpenInvite) => void;
  nameOf: (userId: string) => string;
}

interface Card {
  element: HTMLElement;
  /** Shows the time left. */
  tick: () => void;
}

export function inviteCards({ presence, accept, decline, nameOf }: InviteCardsOptions): HTMLElement {
  const shelf = h('div', { class: 'invites', role: 'region', 'aria-label': 'Invites', 'aria-live': 'polite' });
  const cards = new Map<string, Card>();

  const update = (): void => {
    const open = presence.invites.getSnapshot().filter(({ incoming }) => incoming);
    for (const [inviteId, { element }] of cards) {
      if (!open.some((invite) => invite.inviteId === inviteId)) {
        element.remove();
        cards.delete(inviteId);
      }
    }
    for (const invite of open) {
      // The answer to an own question is accepted by itself.
      if (!cards.has(invite.inviteId) && invite.asked === undefined) {
        const made = card(
          invite,
          () => accept(invite),
          () => decline(invite),
        );
        cards.set(invite.inviteId, made);
        shelf.append(made.element);
      }
    }
  };

  presence.invites.subscribe(update);
  presence.invites.onEnded((invite, outcome) => {
    // Who asks to join hears of the answer where it asked.
    if (invite.kind === 'ask' || invite.asked !== undefined) {
      return;
    }
    const name = nameOf(invite.to);
    if (invite.incoming) {
      if (outcome === 'cancelled') {
        toast(`${invite.from.username ?? invite.from.userId} took the invite back`);
      }
    } else if (outcome === 'accepted') {
      toast(invite.kind === 'party' ? `${name} is in your party` : `${name} is coming!`, 'good');
    } else if (outcome === 'declined') {
      toast(`${name} would rather not`, 'bad');
    } else if (outcome === 'expired') {
      toast(`${name} did not answer`, 'bad');
    }
  });
  setInterval(() => cards.forEach(({ tick }) => tick()), 500);
  update();
  return shelf;
}

function card(invite: OpenInvite, accept: () => void, decline: () => void): Card {
  const { from, kind, expiresAt } = invite;
  const name = from.username ?? from.userId;
  const seconds = h('span', { class: 'invite-seconds', 'aria-hidden': 'true' });
  const [question, yes, no] = wordsOf(invite);
  const button = (what: string, style: string, label: string, click: () => void): HTMLElement =>
    h('button', { class: `button small ${style}`, type: 'button', testId: `invite-${what}`, on: { click } }, label);
  const element = h(
    'div',
    { class: 'invite', testId: 'invite', 'data-kind': kind, 'data-from': from.userId },
    h('span', { class: 'invite-ring' }, avatar(from.userId, name)),
    h('p', { class: 'invite-words' }, h('strong', {}, name), ` ${question} `, seconds),
    button('decline', 'quiet', no, decline),
    button('accept', 'join', yes, accept),
  );
  const tick = (): void => {
    const left = Math.max(0, (expiresAt - Date.now()) / 1000);
    setText(seconds, `${Math.ceil(left)} s`);
    element.style.setProperty('--left', String(Math.min(1, left / INVITE_SECONDS)));
  };
  tick();
  return { element, tick };
}

/** The question, yes, and no. */
function wordsOf({ kind, match, size = 1 }: OpenInvite): [string, string, string] {
  switch (kind) {
    case 'match':
      return [`invites you to a match (${match?.players}/${match?.maxPlayers}).`, 'Accept', 'Decline'];
    case 'ask':
      return ['asks to join your match.', 'Allow', 'Refuse'];
    case 'party':
      return [size > 1 ? `invites you to a party of ${size}.` : 'invites you to a party.', 'Accept', 'Decline'];
  }
}
