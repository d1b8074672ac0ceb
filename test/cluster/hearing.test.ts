import { describe, expect, test } from 'vitest';
import { Hearing } from '../../src/cluster/hearing.ts';

describe('hearing', () => {
  test('requests no resync while every echo arrives, however late', () => {
    const hearing = new Hearing();
    const beats = [hearing.next(), hearing.next(), hearing.next()];
    expect(hearing.missing).toBe(3);
    expect(hearing.hasHeard).toBe(false);
    expect(beats.map((beat) => hearing.echo(beat))).toEqual([false, false, false]);
    expect(hearing.echo(2)).toBe(false);
    expect(hearing.missing).toBe(0);
    expect(hearing.hasHeard).toBe(true);
  });

  test('requests one resync when an echo was skipped', () => {
    const hearing = new Hearing();
    hearing.echo(hearing.next());
    hearing.next();
    expect(hearing.echo(hearing.next())).toBe(true);
    expect(hearing.echo(hearing.next())).toBe(false);
  });

  test('requests one resync with the first beat sent after a suspected loss', () => {
    const hearing = new Hearing();
    const before = hearing.next();
    hearing.suspectLoss();
    const after = hearing.next();
    expect(hearing.echo(before)).toBe(false);
    expect(hearing.echo(after)).toBe(true);
    expect(hearing.echo(hearing.next())).toBe(false);
  });
});
