/** The party beside the Play button: who is in it, and the way out. */
import type { PartyClient } from 'colyseus-presence/client';
import { avatar } from '../ui/avatar.ts';
import { h } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';

export function partyStrip(party: PartyClient, onError: (error: unknown) => void): HTMLElement {
  const strip = h('section', { class: 'party', testId: 'party', 'aria-label': 'Your party' });

  const update = (): void => {
    const now = party.getSnapshot();
    strip.hidden = now === undefined;
    if (now === undefined) {
      return;
    }
    const { members, leader, isLeader } = now;
    strip.dataset['size'] = String(members.length);
    strip.replaceChildren(
      h('span', { class: 'party-title' }, 'Party'),
      ...members.map(({ userId, username = userId }) =>
        h(
          'span',
          { class: 'party-member', title: username, testId: `party-${userId}` },
          avatar(userId, username),
          userId === leader && icon('crown'),
          h('span', { class: 'party-name' }, username),
          isLeader &&
            userId !== leader &&
            h(
              'button',
              {
                class: 'icon-button',
                type: 'button',
                'aria-label': `Remove ${username} from the party`,
                on: { click: () => void party.kick(userId).catch(onError) },
              },
              icon('close'),
            ),
        ),
      ),
      h(
        'button',
        {
          class: 'text-button',
          type: 'button',
          testId: 'party-leave',
          on: { click: () => void party.leave().catch(onError) },
        },
        'Leave',
      ),
    );
  };
  party.subscribe(update);
  update();
  return strip;
}
