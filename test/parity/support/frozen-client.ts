/** Run as a process of its own, to be stopped and continued: joins `url` as `token` with the status "here", and comes back after a drop. */
import { Client } from '@colyseus/sdk';

const [url = '', token = ''] = process.argv.slice(2);
const client = new Client(url);
client.auth.token = token;
const room = await client.joinOrCreate('presence', { status: 'here' });
Object.assign(room.reconnection, { minUptime: 0, delay: 10, minDelay: 10, maxDelay: 50 });
room.onMessage('*', () => {});
room.onReconnect(() => {
  process.send?.('back');
});
process.send?.('joined');
