/** The page: pick a name → lobby ⇄ match. */
import type { ConnectionPhase } from 'colyseus-presence/client';
import { isName } from '../shared/names.ts';
import { ARENA_ROOM } from '../shared/rules.ts';
import { exposeDebug } from './game/debug.ts';
import { MatchPage, type MatchRoom } from './game/match-page.ts';
import { Backdrop } from './lobby/backdrop.ts';
import { FriendsPanel } from './lobby/friends-panel.ts';
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
  await session.friends.start().catch(complain);
  await addInviter(session);
}

function showLobby(session: Session): void {
  const { client, presence, status } = session;
  let busy = false;

  /** Takes a seat somewhere and moves there; on failure everything stays as it is. */
  const play = async (seat: () => Promise<MatchRoom>): Promise<void> => {
    if (busy) {
      return;
    }
    busy = true;
    try {
      const room = await seat();
      const page = await MatchPage.open({
        room,
        friendsPanel: friends.element,
        onInfo: (info) => {
          if (match === undefined || match.roomId === info.matchId) {
            status.setMatch(info);
          }
        },
        onEnd: (left) => {
          if (match?.roomId !== room.roomId) {
            return;
          }
          backToLobby();
          if (!left) {
            toast('You are out of the match: the connection was lost.', 'bad');
          }
        },
      });
      show(page);
    } catch (error) {
      complain(error);
    } finally {
      busy = false;
    }
  };

  const show = (page: MatchPage): void => {
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
    status.setMatch(undefined);
    lobby.friendsSlot.append(friends.element);
    root.replaceChildren(lobby.element);
    backdrop.frame('lobby');
    backdrop.start();
    friends.update();
  };

  const friends = new FriendsPanel({
    presence,
    book: session.friends,
    onError: complain,
    join: (userId) => void play(() => presence.joinFriend(userId) as Promise<MatchRoom>),
    currentMatch: () => match?.roomId,
    inviteLink: `${window.location.origin}/?add=${encodeURIComponent(session.username)}`,
  });
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
    matchList: matchList(session.matches, (roomId) => void play(() => client.joinById(roomId) as Promise<MatchRoom>)),
    play: () => void play(() => client.create(ARENA_ROOM) as Promise<MatchRoom>),
  });
  backToLobby();
}

function troubleOf(state: ConnectionPhase, error: unknown): string | null {
  if (state === 'closed') {
    return error === undefined ? null : 'Disconnected. Reload the page to come back.';
  }
  return state === 'online' ? null : 'Connection lost. Reconnecting…';
}

/** `/?add=name`: the link a friend sent. */
async function addInviter({ friends, userId }: Session): Promise<void> {
  const inviter = new URLSearchParams(window.location.search).get('add');
  window.history.replaceState(null, '', '/');
  if (isName(inviter) && inviter.toLowerCase() !== userId) {
    await friends.add(inviter).then(
      () => toast(`${inviter} is on your friends list`, 'good'),
      () => undefined,
    );
  }
}
