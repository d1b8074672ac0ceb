import { currentRuntime } from '../../../src/server/runtime.ts';

/** As what this process knows a connection: `away` in its grace, `undefined` when it has gone. */
export function deliveryOf(userId: string, connectionId: string): string | undefined {
  const own = currentRuntime('presence')?.tracker.users.get(userId)?.own ?? [];
  return [...own].find((one) => one.connectionId === connectionId)?.delivery;
}
