import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  byteCount,
  clockTime,
  counted,
  errorText,
  groupText,
  roundTrip,
  shortId,
  subtypeOf,
} from '../src/format.ts';

test('an id is shown by its first 8 digits', () => {
  assert.equal(shortId('3f2a91bc77d0e4aa3f2a91bc77d0e4aa3f2a91bc'), '3f2a91bc');
  assert.equal(shortId('bob'), 'bob');
});

test('the time of day has leading zeros and milliseconds', () => {
  assert.equal(clockTime(new Date(2024, 0, 2, 9, 5, 7, 42)), '09:05:07.042');
});

test('round trips are as precise as they are short', () => {
  assert.equal(roundTrip(3.14159), '3.1 ms');
  assert.equal(roundTrip(84.6), '85 ms');
  assert.equal(roundTrip(12_400), '12 s');
});

test('counts agree with their nouns', () => {
  assert.equal(counted(1, 'peer'), '1 peer');
  assert.equal(counted(1200, 'peer'), '1,200 peers');
  assert.equal(counted(0, 'newer', 'newer'), '0 newer');
});

test('lengths in bytes are as precise as they are short', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [4160, '4.2 kB'],
    [9_960, '10 kB'],
    [812_345, '812 kB'],
    [999_600, '1.0 MB'],
    [64_000_000_000, '64 GB'],
    [5e15, '5,000 TB'],
  ];
  for (const [bytes, text] of cases) assert.equal(byteCount(bytes), text);
});

test('the subtype is the payload’s own type, if it is text', () => {
  assert.equal(subtypeOf({ type: 'ping' }), 'ping');
  for (const payload of [{ type: 7 }, {}, null, 'ping', undefined, ['type']]) {
    assert.equal(subtypeOf(payload), undefined);
  }
});

test('a group message of any shape reads as one line', () => {
  assert.equal(groupText('hello'), 'hello');
  assert.equal(groupText({ text: 'hello' }), 'hello');
  assert.equal(groupText({ text: 7 }), '{"text":7}');
  assert.equal(groupText(undefined), '');
});

test('an error shows its code', () => {
  const error = Object.assign(new Error('no answer'), { code: 'timeout' });
  assert.equal(errorText(error), 'no answer (timeout)');
  assert.equal(errorText(new Error('plain')), 'plain');
  assert.equal(errorText('text'), 'text');
});
