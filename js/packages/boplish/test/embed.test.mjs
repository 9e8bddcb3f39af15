import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decoderSource, embed } from '../scripts/embed.mjs';

test('every pair of bytes comes back, and the text is printable ASCII without escapes', () => {
  const bytes = Uint8Array.from({ length: 2 * 65_536 }, (_, i) => (i % 2 ? i >> 1 : i >> 9) & 255);
  const text = embed(bytes);
  assert.match(text.slice(1, -1), /^[ !#-[\]-~]*$/);
  const decode = new Function(`${decoderSource}; return decode(${text})`);
  assert.deepEqual(decode(), bytes);
});
