// Records of the store, as far as pages without a network can tell.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { freshRunner } from './built.mjs';

globalThis.RTCPeerConnection ??= class {};
globalThis.WebSocket ??= class {};

const TOKEN = 7n;

/** A runner of a core that is made of these functions, and the core's host. */
async function running(methods) {
  const { Runner, put, get } = await freshRunner();
  let host;
  class Peer {
    constructor(given) {
      host = given;
    }
    id() {
      return 'f00d';
    }
    recordKey(publisher, bytes) {
      return `${publisher}/${Buffer.from(bytes)}`;
    }
    enableContent() {}
    holdCopies() {}
    close() {}
  }
  Object.assign(Peer.prototype, methods);
  const runner = new Runner(Peer, { url: 'ws://x', secret: new Uint8Array(32), isKept: true }, {});
  return { put: (options) => put(runner, options), get: (name, options = {}) => get(runner, name, options), host };
}

test('put() resolves to the key once the core has stored the record, as JSON or as it is', async () => {
  const stored = [];
  const { put, host } = await running({
    put(...all) {
      stored.push(all);
      queueMicrotask(() => host.delivered(TOKEN));
      return TOKEN;
    },
  });
  assert.equal(await put({ value: { text: 'ä' }, salt: 'name', sequence: 3, ttl: 5_999, expires: 90_000 }), 'f00d/name');
  const [salt, sequence, value, expires, ttl, expected] = stored[0];
  assert.deepEqual([Buffer.from(salt).toString(), Buffer.from(value).toString()], ['name', '{"text":"ä"}']);
  assert.deepEqual([sequence, expires, ttl, expected], [3, 90, 5, undefined]);

  const bytes = Uint8Array.of(1, 2);
  assert.equal(await put({ value: bytes, hashed: true, expected: 4 }), 'undefined/\x01\x02');
  assert.deepEqual([stored[1][0], stored[1][2], stored[1][5]], [undefined, bytes, undefined]);

  await put({ value: 1, expected: 41 });
  assert.deepEqual([stored[2][1], stored[2][5]], [42, 41], 'the number after the expected one');
});

test('put() refuses what makes no sense by name, and says how it has failed', async () => {
  const { put, host } = await running({
    put() {
      queueMicrotask(() => host.undelivered(TOKEN, 'conflict: another record is stored under this key'));
      return TOKEN;
    },
  });
  await assert.rejects(put({ value: undefined }), { code: 'bad-payload' });
  await assert.rejects(put({ value: 1, sequence: -1 }), { code: 'bad-option', message: /sequence is -1/ });
  await assert.rejects(put({ value: 1, expected: 0.5 }), { code: 'bad-option', message: /expected is 0.5/ });
  await assert.rejects(put({ value: 1, expires: Number.NaN }), { code: 'bad-option', message: /expires is NaN/ });
  await assert.rejects(put({ value: 1, signal: AbortSignal.abort() }), { code: 'aborted' });
  await assert.rejects(put({ value: 1, expected: 1 }), { name: 'BoplishError', code: 'conflict', message: /another record/ });
});

test('get() gives a record by its key or by its publisher, or nothing', async () => {
  const asked = [];
  let told;
  const { get, host } = await running({
    get(...all) {
      asked.push(all);
      queueMicrotask(() => host.found(TOKEN, ...told));
      return TOKEN;
    },
  });
  told = [Buffer.from('[1]'), 9, 90, 5, 'cafe'];
  const record = await get({ publisher: 'cafe', salt: 'name' }, { quick: true });
  assert.deepEqual([record.sequence, record.expires, record.ttl, record.publisher], [9, 90_000, 5_000, 'cafe']);
  assert.deepEqual(record.json(), [1]);
  told = [undefined, 0, 0, 0, undefined];
  assert.equal(await get('beef'), undefined);
  assert.deepEqual(asked, [['cafe/name', true], ['beef', false]]);
});

test('without IndexedDB a page stores for others all the same', async () => {
  const { host } = await running({});
  host.keep('beef', Uint8Array.of(1));
  host.keep('beef', undefined);
  await new Promise(setImmediate);
});
