import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hexRows } from '../src/inspector/hex.ts';
import { rawBytes, valuesOf, weightOf } from '../src/inspector/payload.ts';

test('bytes are told from JSON that only looks like them', () => {
  assert.deepEqual([...(rawBytes({ bytes: 'AP8=', length: 2 }) ?? [])], [0, 255]);
  for (const payload of [
    { bytes: 'AP8=', length: 3 },
    { bytes: 'AP8=', length: 2, more: true },
    { bytes: '{}', length: 1 },
    { bytes: 'A', length: 0 },
    { bytes: 1, length: 1 },
    'AP8=',
    null,
    undefined,
  ]) {
    assert.equal(rawBytes(payload), undefined);
  }
});

test('a payload is walked however deep it is nested, in its order', () => {
  let deep: unknown = 'core';
  for (let level = 0; level < 9000; level += 1) deep = [deep];
  assert.deepEqual([...valuesOf(deep)], ['core']);
  assert.deepEqual([...valuesOf({ a: [1, 'two'], b: null })].sort(), ['1', 'a', 'b', 'null', 'two']);
});

test('the walk through a payload ends', () => {
  const wide = Array.from({ length: 1_000_000 }, (_, index) => index);
  assert.ok([...valuesOf(wide)].length <= 10_000);
  assert.ok(weightOf('x'.repeat(1000)) >= 1000);
});

test('a hex dump has offsets, digits and ASCII', () => {
  const bytes = new TextEncoder().encode('Hi, ü!');
  assert.deepEqual(hexRows(bytes, 4), [
    { offset: '0000', digits: '48 69 2c 20', text: 'Hi, ' },
    { offset: '0004', digits: 'c3 bc 21   ', text: '..!' },
  ]);
  assert.deepEqual(hexRows(new Uint8Array(0), 8), []);
  assert.equal(hexRows(new Uint8Array(70_000), 16).at(-1)?.offset, '11160');
});
