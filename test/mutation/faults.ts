/**
 * Faults that once passed the whole suite. Each is put in by `npm run mutate --
 * --faults`, and the tests named here have to notice it.
 */
export interface Fault {
  /** What a player would see. */
  readonly name: string;
  readonly file: string;
  /** Text that is in the file exactly once. */
  readonly from: string;
  readonly to: string;
  /** Files or folders of tests. */
  readonly tests: string[];
}

const fault = (name: string, file: string, from: string, to: string, ...tests: string[]): Fault => ({
  name,
  file: `src/${file}`,
  from,
  to,
  tests: tests.map((test) => `test/${test}`),
});

export const FAULTS: readonly Fault[] = [
  fault(
    'presence:join does not ask canFollow',
    'rooms/requests.ts',
    '!(await visibleIds(options, viewer, [userId])).includes(userId)',
    'false',
    'parity/can-follow.test.ts',
  ),
  fault(
    'a connection that has returned can be taken over by a later resume',
    'core/tracker.ts',
    'this.users.reclaim(connection.user, connection.connectionId);',
    '',
    'core/tracker.test.ts',
  ),
  fault(
    'one failed follow of the helper makes every later one fail',
    'client/follows.ts',
    'this.#tail = run.catch(() => undefined);',
    'this.#tail = run;',
    'client/follows.test.ts',
  ),
  fault(
    'redact: the general status shows that an unseen user comes and goes',
    'core/view.ts',
    "general: newest === undefined ? unseenGeneral(told, general) : 'online'",
    'general',
    'core/view.test.ts',
  ),
  fault(
    'redact: an unseen user that was unlogined becomes offline',
    'core/view.ts',
    "if (told !== undefined && told.general !== 'online') {",
    'if (false) {',
    'core/view.test.ts',
    'parity/redact.test.ts',
  ),
  fault(
    'plugin: a return through `await allowReconnection()` in onLeave counts as leaving',
    'rooms/presence-plugin.ts',
    'if (present === undefined) {',
    'if (present === undefined || true) {',
    'rooms/presence-plugin.test.ts',
  ),
  fault(
    'plugin: the grace of a dropped player never ends',
    'rooms/engine.ts',
    'now - (this.#missingSince.get(sessionId) ?? now) > this.options.graceSeconds * 1000',
    'false',
    'rooms/presence-plugin.test.ts',
  ),
  fault(
    'plugin: the grace of a dropped player ends at once',
    'rooms/engine.ts',
    'now - (this.#missingSince.get(sessionId) ?? now) > this.options.graceSeconds * 1000',
    'true',
    'rooms/presence-plugin.test.ts',
  ),
  fault(
    'a connection that was taken over elsewhere is not closed here',
    'core/tracker.ts',
    'connection.sink.close(true);',
    '',
    'core/tracker.test.ts',
  ),
  fault(
    'a connection that was taken over elsewhere is told to stay away',
    'core/tracker.ts',
    'connection.sink.close(true);',
    'connection.sink.close();',
    'core/tracker.test.ts',
  ),
  fault(
    'a closed client is told to stay away, whatever the reason',
    'wire/client-sink.ts',
    'this.client.leave(rejoins ? CloseCode.SERVER_SHUTDOWN : CloseCode.CONSENTED);',
    'this.client.leave(CloseCode.CONSENTED);',
    'wire/client-sink.test.ts',
  ),
  fault(
    'the helper keeps a connection id that the server has replaced',
    'client/presence-client.ts',
    'this.#connectionId = welcome.connectionId;',
    'this.#connectionId ??= welcome.connectionId;',
    'client/link.test.ts',
  ),
  fault(
    'a burst without a pause is never flushed',
    'core/flush-timer.ts',
    'this.#unsent.changes > changes && then < dueAt',
    'this.#unsent.changes > changes && dueAt > 0',
    'core/flush-timer.test.ts',
  ),
  fault(
    'the list of rooms is not sent again to a client that returns to a lobby',
    'rooms/presence-lobby-room.ts',
    '    // It missed what changed meanwhile: the list again, as after a join.\n    this.#list.owe(client);',
    '',
    'rooms/presence-lobby-room.test.ts',
  ),
  fault(
    'any number of updates waits for the acknowledgement of a join',
    'wire/client-sink.ts',
    'this.#framesBeforeJoin++ < MAX_FRAMES_BEFORE_JOIN',
    'true',
    'wire/client-sink.test.ts',
  ),
  fault(
    'any number of answers waits for the acknowledgement of a join',
    'wire/backpressure.ts',
    '(framesBeforeJoin(client)?.length ?? 0) > MAX_WAITING_FRAMES',
    'false',
    'wire/backpressure.test.ts',
    'wire/client-sink.test.ts',
  ),
  fault(
    'a matchId over 128 characters is a match',
    'status.ts',
    'matchId.length <= MAX_ID_LENGTH && matchId.isWellFormed()',
    'matchId.isWellFormed()',
    'status.test.ts',
  ),
  fault(
    'countResolvedFollows: follows of the server do not count',
    'core/follow-graph.ts',
    'if (countServer) {\n    return connection.follows.size;\n  }',
    '',
    'core/follow-graph.test.ts',
    'core/following.test.ts',
  ),
  fault(
    'countResolvedFollows: a follow of the client that the server made before counts twice',
    'core/following.ts',
    "if (known === undefined || (known === 'server' && !countResolvedFollows)) {",
    "if (known === undefined || known === 'server') {",
    'core/following.test.ts',
  ),
  fault(
    'a follow of the server that the client makes its own is free',
    'core/following.ts',
    "if (known === undefined || (known === 'server' && !countResolvedFollows)) {",
    'if (known === undefined) {',
    'core/following.test.ts',
  ),
  fault(
    'an eviction for the client ends follows of the server',
    'core/follow-graph.ts',
    "if (countServer || origin === 'client') {",
    'if (true) {',
    'core/follow-graph.test.ts',
    'core/following.test.ts',
  ),
  fault(
    'an unfollow of a list ends nothing',
    'core/following.ts',
    '.filter((user) => user !== undefined)',
    '.filter((user) => user === undefined)',
    'core/following.test.ts',
  ),
  fault(
    'a friend of whom no connection is shown is online',
    'client/friend-store.ts',
    "change.general === 'online' ? entry.last : change.general",
    'change.general as typeof entry.last',
    'client/friend-store.test.ts',
  ),
  fault(
    'two statuses of one millisecond have no order',
    'core/users.ts',
    'next = Math.max(next, setAt + 1);',
    'next = Math.max(next, setAt);',
    'core/users.test.ts',
  ),
];
