/** Speaks Colyseus 0.18: a seat over HTTP, then protocol frames over a WebSocket. */
import { type Agent, request } from 'node:http';
import { DELTA_MESSAGE } from '../../src/protocol.ts';
import { userIdOf } from '../systems.ts';
import { ROOM_NAME } from '../room-name.ts';
import { Answers, type Connect, type Endpoint, publisher } from './connection.ts';
import { statusText } from './marker.ts';
import { pack, packString } from './msgpack.ts';
import { BINARY, frame, WireSocket } from './wire-socket.ts';

const JOIN_ROOM = 10;
const ERROR = 11;
const LEAVE_ROOM = 12;
const ROOM_DATA = 13;
const ROOM_STATE = 14;
const ROOM_STATE_PATCH = 15;
const PING = 18;
const ROOM_REQUEST = 21;
const ROOM_RESPONSE = 22;
/** The other bits of the first byte decorate a frame. */
const CODE_MASK = 0x1f;

const DELTA_HEAD = packString(DELTA_MESSAGE);
const ACKNOWLEDGE = frame(BINARY, Buffer.from([JOIN_ROOM]));
const LEAVE = frame(BINARY, Buffer.from([LEAVE_ROOM]));
const ASK_PING = frame(BINARY, Buffer.from([PING]));

export const connectColyseus: Connect = async (context, endpoint, user) => {
  const answers = new Answers();
  const seat = await reserve(context.agent, endpoint, user);
  const url = `ws://127.0.0.1:${endpoint.port}/${seat.processId}/${seat.roomId}?sessionId=${seat.sessionId}`;

  const socket = await WireSocket.open(url, (self, bytes, start, end, size) => {
    const code = bytes[start]! & CODE_MASK;
    if (code === ROOM_DATA) {
      if (bytes.compare(DELTA_HEAD, 0, DELTA_HEAD.length, start + 1, start + 1 + DELTA_HEAD.length) === 0) {
        context.checker.frame('deltas', user, bytes, start, end, size);
      }
    } else if (code === ROOM_STATE_PATCH || code === ROOM_STATE) {
      context.checker.frame('state', user, bytes, start, end, size);
    } else if (code === ROOM_RESPONSE) {
      context.checker.snapshot(user, bytes, start, end);
      answers.arrived();
    } else if (code === JOIN_ROOM) {
      self.send(ACKNOWLEDGE);
      self.send(ASK_PING);
    } else if (code === PING) {
      answers.arrived();
    } else if (code === ERROR) {
      throw new Error(`User ${user} was refused: ${bytes.toString('utf8', start + 1, end)}`);
    }
  });
  await answers.next();

  const follow = (userIds: readonly string[]) => {
    const head = [Buffer.from([ROOM_REQUEST, 0]), packString('presence:follow')];
    socket.send(frame(BINARY, Buffer.concat([...head, pack({ userIds })])));
    return answers.next();
  };
  const setStatus = (status: string) =>
    Buffer.concat([Buffer.from([ROOM_DATA]), packString('presence:status'), pack({ status })]);
  return {
    user,
    socket,
    follow,
    publish: publisher(context, socket, user, BINARY, setStatus),
    leave: () => socket.send(LEAVE),
  };
};

interface Seat {
  sessionId: string;
  roomId: string;
  processId: string;
}

/** Asks the matchmaker for a seat; the user's first status travels as a join option. */
async function reserve(agent: Agent, { port, roomId, join }: Endpoint, user: number): Promise<Seat> {
  const path = roomId === undefined ? `/matchmake/joinOrCreate/${ROOM_NAME}` : `/matchmake/joinById/${roomId}`;
  const body = JSON.stringify({ ...join, status: statusText(user, 0) });
  const answer = await new Promise<string>((resolve, reject) => {
    const post = request(
      {
        agent,
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        headers: {
          authorization: `Bearer ${userIdOf(user)}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text));
        response.on('error', reject);
      },
    );
    post.on('error', reject);
    post.end(body);
  });
  const seat = JSON.parse(answer) as Partial<Seat>;
  if (seat.sessionId === undefined || seat.roomId === undefined || seat.processId === undefined) {
    throw new Error(`No seat for user ${user}: ${answer}`);
  }
  return { sessionId: seat.sessionId, roomId: seat.roomId, processId: seat.processId };
}
