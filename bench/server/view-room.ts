/** Colyseus's own way to show each client only a part of the state: one StateView per client. */
import type { Client } from '@colyseus/core';
import { schema, StateView, t } from '@colyseus/schema';
import type { FollowRequest, StatusRequest } from '../../src/protocol.ts';
import { EmptyRoom } from './colyseus.ts';
import { idOf } from './raw-room.ts';

const User = schema({ userId: t.string(), status: t.string() }, 'BenchUser');
const State = schema({ users: t.map(User).view() }, 'BenchState');

export class ViewRoom extends EmptyRoom {
  override state = new State();

  override onCreate(): void {
    this.onMessage('presence:status', (client, message: StatusRequest) => {
      const user = this.state.users.get(idOf(client));
      if (user) {
        user.status = message.status ?? '';
      }
    });
    this.onMessage('presence:follow', (client, message: FollowRequest) => {
      for (const id of message.userIds) {
        const user = this.state.users.get(id);
        if (user) {
          client.view?.add(user);
        }
      }
      return { presences: [] };
    });
  }

  override onJoin(client: Client, options: { status?: string }): void {
    const user = new User();
    user.userId = idOf(client);
    user.status = options.status ?? '';
    this.state.users.set(user.userId, user);
    client.view = new StateView();
    client.view.add(user);
  }

  override onLeave(client: Client): void {
    this.state.users.delete(idOf(client));
    client.view?.dispose();
  }
}
