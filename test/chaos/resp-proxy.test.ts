import { createServer, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { answerEnd, RespProxy } from './resp-proxy.ts';

const MESSAGE = '*3\r\n$7\r\nmessage\r\n$1\r\nt\r\n$2\r\nhi\r\n';

test.each([
  ['+OK\r\n', 5],
  [':7\r\n:8\r\n', 4],
  ['$-1\r\n', 5],
  ['$3\r\nabc\r\n+OK', 9],
  [`${MESSAGE}+`, MESSAGE.length],
  ['*-1\r\n', 5],
  ['$3\r\nab', undefined],
  ['*2\r\n$1\r\na\r\n', undefined],
  ['', undefined],
])('%j ends at %s', (text, end) => {
  expect(answerEnd(Buffer.from(text), 0)).toBe(end);
});

let redis: Server;
let sockets: Socket[];
let proxy: RespProxy;
beforeEach(async () => {
  sockets = [];
  redis = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(`+OK\r\n`));
  });
  redis.listen(0, '127.0.0.1');
  await once(redis, 'listening');
  proxy = await new RespProxy((redis.address() as { port: number }).port, () => 0.5).listen();
});
afterEach(() => {
  proxy.close();
  sockets.forEach((socket) => socket.destroy());
  redis.close();
});

async function open(): Promise<{ socket: Socket; heard: () => string }> {
  const before = sockets.length;
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  let heard = '';
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => (heard += bytes.toString()));
  await once(socket, 'connect');
  await until(() => sockets.length > before, 'the connection behind the proxy');
  return { socket, heard: () => heard };
}

test('published messages are lost, answers are not', async () => {
  const { heard } = await open();
  proxy.loss = 1;
  sockets[0]!.write(`${MESSAGE}+one\r\n${MESSAGE.slice(0, 10)}`);
  sockets[0]!.write(`${MESSAGE.slice(10)}+two\r\n`);
  await until(() => heard().endsWith('+two\r\n'), 'the answers');
  expect(heard()).toBe('+one\r\n+two\r\n');
});

test('silence is for the connections there are, and in the direction it says', async () => {
  const old = await open();
  proxy.silence('out');
  old.socket.write('PING\r\n');
  sockets[0]!.write('+still heard\r\n');
  await until(() => old.heard() !== '', 'what Redis says');
  const later = await open();
  later.socket.write('PING\r\n');
  await until(() => later.heard() === '+OK\r\n', 'the answer to a new connection');
  expect([old.heard(), old.socket.destroyed]).toEqual(['+still heard\r\n', false]);
});

test('cut closes, refused connections are closed at once', async () => {
  const { socket } = await open();
  proxy.refuses = true;
  proxy.cut();
  await once(socket, 'close');
  const refused = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  refused.on('error', () => undefined);
  await once(refused, 'close');
});
