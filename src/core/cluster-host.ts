/** What the cluster may tell and ask: the users of this process, as the port of the cluster names it. */
import type { ClusterHost } from './ports.ts';
import type { Users } from './users.ts';

export function clusterHost(
  users: Users,
  onRead: (userId: string) => void,
  onCommand: (command: unknown) => void = () => {},
): ClusterHost {
  const { others } = users;
  return {
    applyRegister: (...register) => {
      others.applyRegister(...register);
    },
    applyRemembered: (...remembered) => {
      others.applyRemembered(...remembered);
    },
    applyRead: onRead,
    dropIncarnation: (incarnation) => {
      others.dropIncarnation(incarnation);
    },
    heardOf: (userId) => others.heardOf(userId),
    retractedFrom: (incarnation) => others.retractedFrom(incarnation),
    takeRetracted: (...asked) => others.takeRetracted(...asked),
    register: (userId) => users.register(userId),
    raiseSeq: (seq) => {
      users.raiseSeq(seq);
    },
    announcedUsers: () => users.announcedUsers(),
    applyCommand: onCommand,
  };
}
