/** Speaks engine.io 4 / socket.io 5 over a WebSocket. */
import { userIdOf } from '../systems.ts';
import { Answers, type Connect, publisher } from './connection.ts';
import { statusText } from './marker.ts';
import { frame, TEXT, WireSocket } from './wire-socket.ts';

const text = (payload: string) => frame(TEXT, Buffer.from(payload));
const PONG = text('3');

export const connectSocketIo: Connect = async (context, endpoint, user) => {
  const answers = new Answers();
  const url = `ws://127.0.0.1:${endpoint.port}/socket.io/?EIO=4&transport=websocket`;
  const socket = await WireSocket.open(url, (self, bytes, start, end, size) => {
    const packet = String.fromCharCode(bytes[start]!, bytes[start + 1]!);
    if (packet === '42') {
      context.checker.frame('deltas', user, bytes, start, end, size);
    } else if (packet === '43') {
      context.checker.snapshot(user, bytes, start, end);
      answers.arrived();
    } else if (packet.startsWith('0')) {
      self.send(text(`40${JSON.stringify({ token: userIdOf(user) })}`));
    } else if (packet === '40') {
      answers.arrived();
    } else if (packet.startsWith('2')) {
      self.send(PONG);
    }
  });
  const follow = (userIds: readonly string[]) => {
    socket.send(text(`420${JSON.stringify(['follow', { userIds }])}`));
    return answers.next();
  };
  const setStatus = (status: string) => Buffer.from(`42${JSON.stringify(['status', { status }])}`);
  await answers.next();
  socket.send(frame(TEXT, setStatus(statusText(user, 0))));
  return {
    user,
    socket,
    follow,
    publish: publisher(context, socket, user, TEXT, setStatus),
    leave: () => socket.close(),
  };
};
