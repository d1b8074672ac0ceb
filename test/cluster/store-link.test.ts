import { LocalPresence } from '@colyseus/core';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/cluster/clock.ts';
import { StoreLink } from '../../src/cluster/store-link.ts';

function fakeClient(status = 'ready', destroyed = false) {
  const did: string[] = [];
  return {
    did,
    status,
    stream: { destroyed },
    disconnect: (reconnect: boolean) => did.push(`disconnect ${reconnect}`),
    connect(): Promise<void> {
      did.push(`connect from ${this.status}`);
      return Promise.reject(new Error('not yet'));
    },
  };
}

function setup(presence: object = { pub: fakeClient(), sub: fakeClient() }) {
  const time = { now: 0 };
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line);
  };
  const link = new StoreLink({
    presence,
    log: { info: write, warn: write, error: write },
    clock: { ...systemClock, now: () => time.now },
    patienceMs: 100,
  });
  const silentFor = (ms: number): void => {
    link.unanswered('key');
    time.now += ms;
    link.unanswered('key');
  };
  return { link, time, lines, silentFor };
}

describe('the connection for commands', () => {
  test('is replaced after it was silent for long enough, again and again, with one line', () => {
    const pub = fakeClient();
    const { link, lines, silentFor } = setup({ pub });
    silentFor(99);
    expect(pub.did).toEqual([]);
    silentFor(1);
    expect(pub.did).toEqual(['disconnect true']);
    silentFor(100);
    expect(pub.did).toHaveLength(2);
    expect(lines).toEqual([
      expect.stringContaining('[presence:connection_renewed] The connection for commands to the shared store'),
    ]);
    expect(link.facts).toEqual({ commands: 'ready', messages: undefined, renewals: 2 });
  });

  test('an answer ends the silence, and the next one is a new line', () => {
    const pub = fakeClient();
    const { link, lines, time, silentFor } = setup({ pub });
    link.unanswered('key');
    time.now += 1000;
    link.answered('key');
    link.unanswered('key');
    expect(pub.did).toEqual([]);
    silentFor(100);
    link.answered('key');
    silentFor(100);
    expect(lines).toHaveLength(2);
  });

  test('that closed without its client noticing is connected again', () => {
    const pub = fakeClient('ready', true);
    const { silentFor } = setup({ pub });
    silentFor(100);
    expect(pub.did).toEqual(['connect from close']);
  });

  test('a clock that is set measures anew', () => {
    const pub = fakeClient();
    const { silentFor } = setup({ pub });
    silentFor(-10_000);
    silentFor(10_000);
    expect(pub.did).toEqual([]);
    silentFor(100);
    expect(pub.did).toHaveLength(1);
  });

  test('is dead although other keys are answered: they may be in another store', () => {
    const pub = fakeClient();
    const { link, silentFor } = setup({ pub });
    link.unanswered('there');
    link.answered('elsewhere');
    silentFor(99);
    link.answered('key');
    silentFor(1);
    link.unanswered('there');
    expect(pub.did).toEqual(['disconnect true']);
  });

  test.each(['wait', 'connecting', 'reconnecting', 'close', 'end', 'disconnecting'])(
    'is left to its client while that says "%s"',
    (status) => {
      const pub = fakeClient(status, true);
      const { link, lines, silentFor } = setup({ pub });
      silentFor(1000);
      expect([pub.did, lines, link.facts.renewals]).toEqual([[], [], 0]);
    },
  );
});

test('the connection for messages is replaced when they do not arrive, with one line until one does', () => {
  const sub = fakeClient('connect');
  const { link, lines } = setup({ sub });
  link.unheard();
  link.unheard();
  expect(sub.did).toEqual(['disconnect true', 'disconnect true']);
  expect(lines).toEqual([expect.stringContaining('The connection for messages')]);
  link.heard();
  link.unheard();
  expect(lines).toHaveLength(2);
});

test.each([
  ['that shows no connection', new LocalPresence()],
  ['whose connections are something else', { pub: { disconnect: 1, status: 'ready' }, sub: null }],
])('a Presence %s is left alone', (_, presence) => {
  const { link, lines, silentFor } = setup(presence);
  silentFor(1000);
  link.unheard();
  expect(link.facts).toEqual({ commands: undefined, messages: undefined, renewals: 0 });
  expect(lines).toEqual([]);
});

test('a store that does not confirm is said once until one does, whatever others send', () => {
  const sub = fakeClient();
  const { link, lines } = setup({ pub: fakeClient(), sub });
  link.unconfirmed();
  link.heard();
  link.unconfirmed();
  expect([sub.did.length, lines.length]).toEqual([2, 1]);
  link.confirmed();
  link.unconfirmed();
  expect(lines).toHaveLength(2);
});
