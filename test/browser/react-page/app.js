import { createElement as h, startTransition, useEffect, useState } from 'react';
import {
  PresenceProvider,
  useConnection,
  useFriend,
  useFriends,
  useInvites,
  useMyStatus,
} from 'colyseus-presence/react';
import { client } from './client.js';

const VERSION = 'version 1';
const options = { status: 'In lobby' };
const text = (testId, value) => h('p', { 'data-testid': testId }, String(value));

function Row({ userId }) {
  const friend = useFriend(userId);
  return text(`friend-${userId}`, friend === undefined ? 'unknown' : `${friend.general} ${friend.customStatus}`);
}

function Page() {
  const { phase, error, presence } = useConnection();
  const [status, setStatus] = useMyStatus();
  const [page, setPage] = useState('lobby');
  const friends = useFriends();
  const invites = useInvites();
  useEffect(() => {
    void presence?.follow(['bob', 'zoe']);
  }, [presence]);
  window.setStatus = setStatus;
  window.connectionId = presence?.connectionId;
  return h(
    'main',
    null,
    text('version', VERSION),
    text('phase', error === undefined ? phase : `${phase} ${error.code}`),
    text('mine', JSON.stringify(status)),
    text('count', friends.length),
    text('invites', invites.map(({ from }) => `from ${from.userId}`).join()),
    text('page', page),
    h('button', { 'data-testid': 'go', onClick: () => startTransition(() => setPage('match')) }),
    friends.map(({ userId }) => h(Row, { key: userId, userId })),
  );
}

export function App() {
  return h(PresenceProvider, { client, options, resumeKey: 'presence' }, h(Page));
}
