/** The page: pick a name → lobby ⇄ match. */
import type { Room } from '@colyseus/sdk';
import { PresenceError, type ConnectionPhase } from 'colyseus-presence/client';
import { isName } from '../shared/names.ts';
import { ARENA_ROOM } from '../shared/rules.ts';
import { exposeDebug } from './game/debug.ts';
import { MatchPage, type MatchRoom } from './game/match-page.ts';
import { Backdrop } from './lobby/backdrop.ts';
import { FriendsPanel } from './lobby/friends-panel.ts';
import { inviteCards } from './lobby/invite-cards.ts';
import { lobbyPage } from './lobby/lobby-page.ts';
import { matchList } from './lobby/match-list.ts';
import { namePage } from './lobby/name-page.ts';
import { selfCard } from './lobby/self-card.ts';
import { friendly } from './net/errors.ts';
import { lastName, tabName } from './net/memory.ts';
import { enter, type Session } from './net/session.ts';
import { setTrouble } from './ui/banner.ts';
import { toast } from './ui/toasts.ts';

const root = document.getElementById('app') as HTMLElement;
const backdrop = new Backdrop();
document.body.prepend(backdrop.element);
backdrop.start();

let match: MatchPage | undefined;
exposeDebug(() => match);

const complain = (error: unknown): void => toast(friendly(error), 'bad');

const remembered = tabName.get();
if (remembered === undefined) {
  askName();
} else {
  open(remembered).catch((error: unknown) => {
    complain(error);
    askName();
  });
}

function askName(): void {
  backdrop.frame('splash');
  root.replaceChildren(
    namePage(lastName.get() ?? '', async (name) => {
      await open(name).catch((error: unknown) => {
        throw new Error(friendly(error));
      });
    }),
  );
}

async function open(name: string): Promise<void> {
  const session = await enter(name, complain);
  tabName.set(session.username);
  lastName.set(session.username);
  session.presence.onConnectionChange((state, error) => setTrouble('lobby', troubleOf(state, error)));
  showLobby(session);
  await askInviter(session);
}

function showLobby(session: Session): void {
  const { client, presence, status, friends: book } = session;
  let busy = false;

  /** Takes a seat somewhere and moves there; on failure everything stays as it is. */
  const play = async (seat: () => Promise<Room>): Promise<void> => {
    if (busy) {
      return;
    }
    busy = true;
    await seat().then(enterMatch).catch(complain);
    busy = false;
  };

  const enterMatch = async (seat: Room): Promise<void> => {
    const room = seat as MatchRoom;
    const page = await MatchPage.open({
      room,
      friendsPanel: friends.element,
      onPlayers: () => friends.update(),
      onEnd: (left) => {
        if (match?.roomId === room.roomId) {
          backToLobby();
          if (!left) {
            toast('You are out of the match: the connection was lost.', 'bad');
          }
        }
      },
    });
    const previous = match;
    match = undefined;
    previous?.leave();
    match = page;
    backdrop.stop();
    root.replaceChildren(page.element);
    friends.update();
  };

  const backToLobby = (): void => {
    match = undefined;
    lobby.friendsSlot.append(friends.element);
    root.replaceChildren(lobby.element);
    backdrop.frame('lobby');
    backdrop.start();
    friends.update();
  };

  /** Whoever leads a party takes it along. Its matches come by `onMatch`, on this page, too. */
  const leadsParty = (): boolean => presence.party.getSnapshot()?.isLeader === true;
  presence.party.onMatch((room) => void enterMatch(room).catch(complain));

  const friends = new FriendsPanel({
    presence,
    book,
    onError: complain,
    inviteLink: `${window.location.origin}/?add=${encodeURIComponent(session.username)}`,
    actions: {
      playing: () => match !== undefined,
      isWithMe: (userId) => match?.has(userId) === true,
      join: (userId) => {
        if (leadsParty()) {
          presence.party.joinMatch(userId).catch(complain);
        } else {
          void play(() => presence.joinFriend(userId));
        }
      },
      ask: (userId) => {
        presence.askToJoin(userId).then(enterMatch).catch(unlessTakenBack);
      },
      invite: (userId) => {
        presence.invite(userId, match && { match }).catch(complain);
      },
      mayInviteToParty: (userId) => {
        const party = presence.party.getSnapshot();
        return party === undefined || (party.isLeader && !party.members.some((member) => member.userId === userId));
      },
      inviteToParty: (userId) => {
        presence.party.invite(userId).catch(complain);
      },
      cancel: (invite) => {
        presence.cancel(invite).catch(complain);
      },
    },
  });
  document.body.append(
    inviteCards({
      presence,
      nameOf: (userId) => book.nameOf(userId),
      accept: (invite) => {
        if (invite.kind === 'match') {
          void play(() => presence.accept(invite));
        } else {
          (invite.kind === 'ask' ? presence.allow(invite) : presence.party.accept(invite)).catch(complain);
        }
      },
      decline: (invite) => {
        (invite.kind === 'ask' ? presence.refuse(invite) : presence.decline(invite)).catch(complain);
      },
    }),
  );
  const lobby = lobbyPage({
    selfCard: selfCard({
      userId: session.userId,
      username: session.username,
      status,
      onSwitchName: () => {
        tabName.clear();
        void presence.leave().finally(() => window.location.assign('/'));
      },
    }),
    matchList: matchList(session.matches, (roomId) => void play(() => client.joinById(roomId))),
    party: presence.party,
    play: (access) => {
      if (leadsParty()) {
        presence.party.createMatch(ARENA_ROOM, { access }).catch(complain);
      } else {
        void play(() => client.create(ARENA_ROOM, { access }));
      }
    },
    onError: complain,
  });
  backToLobby();
}

function unlessTakenBack(error: unknown): void {
  if (!(error instanceof PresenceError && error.code === 'invite_gone')) {
    complain(error);
  }
}

function troubleOf(state: ConnectionPhase, error: unknown): string | null {
  if (state === 'closed') {
    return error === undefined ? null : 'Disconnected. Reload the page to come back.';
  }
  return state === 'online' ? null : 'Connection lost. Reconnecting…';
}

/** `/?add=name`: the link a friend sent. */
async function askInviter({ friends, userId }: Session): Promise<void> {
  const inviter = new URLSearchParams(window.location.search).get('add');
  window.history.replaceState(null, '', '/');
  if (isName(inviter) && inviter.toLowerCase() !== userId) {
    await friends.act('ask', inviter).then(
      () => toast(`${inviter} is asked to be your friend`, 'good'),
      () => undefined,
    );
  }
}
