/** What both ends agree on: the errors and how they travel. */
import { expect, test } from 'vitest';
import { ERRORS, MESSAGE_PREFIX, PresenceError, REQUEST_TYPES, type PresenceErrorCode } from '../src/protocol.ts';

const codes = Object.keys(ERRORS) as PresenceErrorCode[];

test('error numbers are unique and without gaps', () => {
  expect(Object.values(ERRORS).map(({ code }) => code)).toEqual(codes.map((_, i) => i + 1));
});

test('every request type begins with the prefix', () => {
  expect(REQUEST_TYPES.every((type) => type.startsWith(MESSAGE_PREFIX))).toBe(true);
});

test.each(codes)('%s travels and comes back as it was', (code) => {
  const error = new PresenceError(code, { message: 'because', retryAfterMs: 7 });
  const back = PresenceError.from(JSON.parse(JSON.stringify(error.toBody())));
  expect(back).toBeInstanceOf(PresenceError);
  expect([back.code, back.message, back.retryAfterMs, back.retryable]).toEqual([
    code,
    'because',
    7,
    ERRORS[code].retryable,
  ]);
});

test('without details an error has its standard text, and no field that is absent', () => {
  expect(new PresenceError('match_full').toBody()).toStrictEqual({
    code: 'match_full',
    message: ERRORS.match_full.message,
  });
});

test('the error behind it is its cause, and does not travel', () => {
  const cause = new Error('the socket closed');
  const error = new PresenceError('unavailable', { cause });
  expect(error.cause).toBe(cause);
  expect(JSON.stringify(error.toBody())).not.toContain('socket');
});

test.each([undefined, null, 7, 'match_full', {}, { code: 7 }, { code: 'toString' }, { code: 'no such code' }])(
  'what is no error of this protocol becomes internal: %j',
  (body) => {
    expect(PresenceError.from(body).code).toBe('internal');
  },
);

test('fields of another type are ignored', () => {
  const error = PresenceError.from({ code: 'rate_limited', message: 7, retryAfterMs: 'soon' });
  expect([error.message, error.retryAfterMs]).toEqual([ERRORS.rate_limited.message, undefined]);
});
