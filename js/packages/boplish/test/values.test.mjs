import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoplishError, decode, encode, fromCore } from './built.mjs';

test('JSON values go as text, bytes as they are', () => {
  assert.equal(encode({ type: 'ping' }), '{"type":"ping"}');
  assert.equal(encode(null), 'null');
  const bytes = Uint8Array.of(1, 2, 3);
  assert.equal(encode(bytes), bytes);
  assert.deepEqual(decode('{"type":"ping"}'), { type: 'ping' });
  assert.equal(decode(bytes), bytes);
});

test('what JSON can not say is refused', () => {
  for (const payload of [undefined, () => 1, Symbol('x')]) {
    assert.throws(() => encode(payload), { code: 'bad-payload' });
  }
  const loop = {};
  loop.self = loop;
  assert.throws(() => encode(loop), { code: 'bad-payload' });
  assert.throws(() => encode(1n), { code: 'bad-payload' });
});

test('what the core throws becomes an error with its code', () => {
  const error = fromCore('too-large: a payload has at most 10 bytes, this has 11');
  assert.ok(error instanceof BoplishError);
  assert.equal(error.code, 'too-large');
  assert.match(error.message, /at most 10 bytes.*split it/);
});

test('anything else that is thrown is the fault of the core', () => {
  const cause = new WebAssembly.RuntimeError('unreachable');
  const error = fromCore(cause);
  assert.equal(error.code, 'internal');
  assert.equal(error.cause, cause);
});
