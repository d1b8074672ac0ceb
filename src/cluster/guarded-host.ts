/** A host whose failures end in a log line instead of in the cluster's own loops. */
import type { Log } from './health.ts';
import type { ClusterHost } from '../core/ports.ts';

export function guardedHost(host: ClusterHost, log: Log): ClusterHost {
  const guarded = <T>(what: string, run: () => T): T | null => {
    try {
      return run();
    } catch (error) {
      log.error(`colyseus-presence: ${what} failed: ${error instanceof Error ? error.stack : String(error)}`);
      return null;
    }
  };
  return {
    applyRegister: (userId, incarnation, register) => {
      guarded('applying a register', () => {
        host.applyRegister(userId, incarnation, register);
      });
    },
    applyRemembered: (userId, last) => {
      guarded('applying a remembered status', () => {
        host.applyRemembered(userId, last);
      });
    },
    dropIncarnation: (incarnation) => {
      guarded('dropping a process', () => {
        host.dropIncarnation(incarnation);
      });
    },
    register: (userId) => guarded('reading a user', () => host.register(userId)),
    announcedUsers: () => guarded('listing the users', () => [...host.announcedUsers()]) ?? [],
    applyCommand: (command) => {
      guarded('applying a command', () => {
        host.applyCommand(command);
      });
    },
  };
}
