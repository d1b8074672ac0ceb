import { describe, expect, test, vi } from 'vitest';
import { Control } from '../../src/cluster/control.ts';
import { encodeControl, type ControlMessage } from '../../src/cluster/envelope.ts';
import { GuardedHost } from '../../src/cluster/guarded-host.ts';
import { Peers } from '../../src/cluster/peers.ts';
import { Pulse } from '../../src/cluster/pulse.ts';
import { StoreLink } from '../../src/cluster/store-link.ts';
import { FakeHost } from './support/fake-host.ts';
import { makeParts } from './support/parts.ts';

function setup() {
  const parts = makeParts('self');
  const { clock, store, sweeper, bus, formats, log, presence } = parts;
  const host = new FakeHost();
  const announced: string[] = [];
  const gone: string[] = [];
  const peers = new Peers({
    incarnation: 'self',
    leaseMs: 60_000,
    clock,
    store,
    sweeper,
    onGone: (incarnation) => gone.push(incarnation) > 0,
  });
  const onHearing = vi.fn();
  const onOlder = vi.fn();
  const control = new Control({
    incarnation: 'self',
    host: new GuardedHost(host, log, clock),
    bus,
    formats,
    peers,
    link: new StoreLink({ presence, log, clock, patienceMs: 1000 }),
    pulse: new Pulse(clock),
    announce: (userId) => announced.push(userId),
    onOlder,
    onHearing,
  });
  const say = (from: string, message: ControlMessage): Promise<unknown> =>
    presence.publish('p:c', encodeControl(from, message)) as unknown as Promise<unknown>;
  return { ...parts, host, peers, control, announced, gone, onHearing, say };
}

describe('the control topic', () => {
  test('a beat shows that a process is alive, a farewell that it is gone', async () => {
    const { control, peers, gone, say } = setup();
    await control.open();
    await say('A', { kind: 'beat', n: 1 });
    expect(peers.live).toBe(1);
    await say('A', { kind: 'bye' });
    expect([peers.live, gone]).toEqual([0, ['A']]);
    await say('A', { kind: 'beat', n: 2 });
    expect(peers.live).toBe(0);
    control.close();
  });

  test('when a process leaves, the users of whom something was taken over from it are written', async () => {
    const { control, host, announced, say } = setup();
    await control.open();
    vi.spyOn(host, 'retractedFrom').mockReturnValue(['ann']);
    await say('A', { kind: 'bye', handoffMs: 5000 });
    expect(announced).toEqual(['ann']);
    control.close();
  });

  test('a request to write again is heard by the process it is for, which numbers above; commands are carried out', async () => {
    const { control, host, announced, say } = setup();
    await control.open();
    await say('A', { kind: 'ask', to: 'B', userIds: ['ann'], above: 50 });
    expect([announced, host.seq]).toEqual([[], 0]);
    await say('A', { kind: 'ask', to: 'self', userIds: ['ann', 'bob'], above: 7 });
    expect([announced, host.seq]).toEqual([['ann', 'bob'], 7]);
    await say('A', { kind: 'command', command: 'do' });
    expect(host.commands).toEqual(['do']);
    control.close();
  });

  test('requests to others are sent in messages of at most 500 users', async () => {
    const { control, bus } = setup();
    const sent = vi.spyOn(bus, 'publishControl');
    const userIds = new Set(Array.from({ length: 501 }, (_, i) => `u${i}`));
    await control.ask(new Map([['A', { userIds, above: 3 }]]));
    expect(sent.mock.calls.map(([message]) => message.kind === 'ask' && message.userIds.length)).toEqual([500, 1]);
  });

  test('a subscription that the store has refused is opened again; one that works is not', async () => {
    const { control, presence } = setup();
    const subscribe = vi.spyOn(presence, 'subscribe').mockRejectedValueOnce(new Error('refused'));
    await control.open();
    await control.sendBeat();
    expect(control.hasHeard).toBe(false);
    control.reopen();
    expect(subscribe).toHaveBeenCalledTimes(2);
    await control.sendBeat();
    expect(control.hasHeard).toBe(true);
    control.reopen();
    expect(subscribe).toHaveBeenCalledTimes(2);
    control.close();
  });

  test('a subscription that was confirmed but brings nothing is opened again after three beats', async () => {
    const { control, presence } = setup();
    const subscribe = vi.spyOn(presence, 'subscribe').mockResolvedValueOnce(presence);
    await control.open();
    for (const opened of [1, 1, 2]) {
      await control.sendBeat();
      control.reopen();
      expect(subscribe).toHaveBeenCalledTimes(opened);
    }
    control.close();
  });

  test('whoever suspects a loss hears of the first echo after that, once', async () => {
    const { control, onHearing } = setup();
    await control.open();
    await control.sendBeat();
    expect(onHearing).not.toHaveBeenCalled();
    await control.checkHearing();
    await control.sendBeat();
    expect(onHearing).toHaveBeenCalledTimes(1);
    control.close();
  });
});
