/** The schema decoder complains on the console, and goes on: to a test that is a failure. */
import { afterEach, beforeEach, expect, vi, type MockInstance } from 'vitest';

/** Call once in a file: each of its tests fails when the decoder complained. */
export function expectNoDecoderComplaints(): void {
  let complaints: MockInstance[];
  beforeEach(() => {
    complaints = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')];
  });
  afterEach(() => {
    complaints.forEach((spy) => {
      expect(spy.mock.calls).toEqual([]);
      spy.mockRestore();
    });
  });
}
