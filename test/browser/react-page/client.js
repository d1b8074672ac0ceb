import { Client } from '@colyseus/sdk';

const query = new URLSearchParams(location.search);
export const client = new Client(query.get('server'));
client.auth.token = query.get('user');
