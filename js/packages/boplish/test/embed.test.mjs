import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from '../scripts/decode.mjs';
import { embed } from '../scripts/embed.mjs';

/** Bytes that look random, the same in every run. */
function noise(length, seed) {
  let state = seed;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24);
}

test('bytes come back from base64, whatever repeats in them, and from how far away', () => {
  const pairs = Uint8Array.from({ length: 2 * 65_536 }, (_, i) => (i % 2 ? i >> 1 : i >> 9) & 255);
  const parts = [3, 10, 100, 1_000, 10_000].map((length) => noise(length, length));
  // Each part again after all others, first as it was, then with single bytes changed.
  const changed = parts.map((part) => part.map((byte, i) => (i % 37 === 5 ? byte ^ 1 : byte)));
  const mixed = [...parts, ...parts, noise(300_000, 1), ...parts, ...changed, new Uint8Array(1_000), ...parts];
  for (const bytes of [new Uint8Array(0), Uint8Array.of(255), pairs, Buffer.concat(mixed)]) {
    const text = embed(bytes);
    assert.match(text, /^[A-Za-z\d+/=]*$/);
    assert.deepEqual(Buffer.from(decode(text, bytes.length)), Buffer.from(bytes));
  }
});
