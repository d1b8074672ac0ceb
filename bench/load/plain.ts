/** Speaks to the bare `ws` server: JSON in text frames. */
import { userIdOf } from '../systems.ts';
import { Answers, type Connect, publisher } from './connection.ts';
import { statusText } from './marker.ts';
import { frame, TEXT, WireSocket } from './wire-socket.ts';

/** `{"t":"reply"`: the letter that tells a reply from a delta. */
const KIND_OFFSET = 6;
const REPLY = 'r'.charCodeAt(0);

export const connectPlain: Connect = async (context, endpoint, user) => {
  const answers = new Answers();
  const socket = await WireSocket.open(
    `ws://127.0.0.1:${endpoint.port}/?user=${userIdOf(user)}`,
    (_socket, bytes, start, end, size) => {
      if (bytes[start + KIND_OFFSET] === REPLY) {
        context.checker.snapshot(user, bytes, start, end);
        answers.arrived();
      } else {
        context.checker.frame('deltas', user, bytes, start, end, size);
      }
    },
  );
  const follow = (userIds: readonly string[]) => {
    socket.send(frame(TEXT, Buffer.from(JSON.stringify({ t: 'follow', userIds }))));
    return answers.next();
  };
  const setStatus = (status: string) => Buffer.from(JSON.stringify({ t: 'status', status }));
  socket.send(frame(TEXT, setStatus(statusText(user, 0))));
  await follow([]);
  return {
    user,
    socket,
    follow,
    publish: publisher(context, socket, user, TEXT, setStatus),
    leave: () => socket.close(),
  };
};
