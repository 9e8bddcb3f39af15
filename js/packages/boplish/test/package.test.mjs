// The built package, on a machine without WebRTC: what servers that render pages see.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import vm from 'node:vm';

test('importing has no effect, so that pages can be rendered on a server', async () => {
  const before = new Set(Object.getOwnPropertyNames(globalThis));
  const { connect, BoplishError } = await import('boplish');
  const { BOPlishClient } = await import('boplish/compat');
  assert.deepEqual(Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name)), []);
  assert.equal(typeof connect, 'function');
  assert.equal(typeof BOPlishClient, 'function');
  assert.ok(new BoplishError('closed', 'text') instanceof Error);
});

test('without WebRTC, connect() says so', async () => {
  const { connect } = await import('boplish');
  await assert.rejects(connect({ bootstrap: 'localhost' }), { name: 'BoplishError', code: 'unsupported', message: /WebRTC/ });
});

test('options that make no sense are refused by name', async () => {
  const { connect } = await import('boplish');
  await assert.rejects(connect({ timeout: -1 }), { code: 'bad-option', message: /timeout/ });
  await assert.rejects(connect({ iceTransportPolicy: 'turn' }), { code: 'bad-option', message: /iceTransportPolicy/ });
  await assert.rejects(connect({ iceServers: 'stun:example' }), { code: 'bad-option', message: /iceServers/ });
});

test('the module makes peers with the ids that belong to their secrets', async () => {
  const { initSync, Peer } = await import('../wasm/boplish_web.js');
  initSync({ module: await readFile(new URL('../wasm/boplish_web_bg.wasm', import.meta.url)) });
  // RFC 8032, section 7.1, test 1: the public key is d75a9801…511a; its SHA-256 begins so.
  const secret = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
  const key = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');
  const { createHash } = await import('node:crypto');
  const host = { guard: (callback) => callback };
  const peer = new Peer(host, 'ws://localhost', secret);
  assert.equal(peer.id(), createHash('sha256').update(key).digest('hex').slice(0, 40));
  assert.equal(peer.state(), 'offline');
  assert.deepEqual(peer.connectedPeers(), []);
  assert.throws(() => peer.ping('abc'), (error) => error.startsWith("bad-peer-id: 'abc'"));
  assert.throws(() => peer.send(peer.id(), 'chat', '{'), (error) => error.startsWith('bad-payload: '));
  assert.throws(() => peer.send(peer.id(), '', '1'), (error) => error.startsWith('bad-protocol: '));
  assert.throws(() => peer.send(peer.id(), 'chat', '1'), (error) => /^(to-self|closed): /.test(error));
  assert.throws(() => new Peer(host, 'ws://localhost', new Uint8Array(3)), (error) => error.startsWith('bad-option: '));
});

test('the drop-in script is ASCII, defines its two globals and does nothing else', async () => {
  const text = await readFile(new URL('../dist/boplish.min.js', import.meta.url), 'latin1');
  assert.match(text, /^[\n -~]*$/);
  const page = vm.createContext({ Event, EventTarget, TextDecoder, TextEncoder });
  vm.runInContext(text, page);
  assert.deepEqual(Object.keys(page).sort(), ['BOPlishClient', 'Event', 'EventTarget', 'TextDecoder', 'TextEncoder', 'boplish']);
  assert.equal(typeof page.boplish.connect, 'function');
  assert.equal(page.boplish.BOPlishClient, page.BOPlishClient);
});

test('BOPlishClient refuses bad arguments with a TypeError that names them', async () => {
  const { BOPlishClient } = await import('boplish/compat');
  assert.throws(() => new BOPlishClient(5), { name: 'TypeError', message: /bootstrapHostname is number/ });
  assert.throws(() => new BOPlishClient('localhost', 'x'), { name: 'TypeError', message: /successCallback is string/ });
  assert.throws(() => new BOPlishClient('localhost', null, 7), { name: 'TypeError', message: /errorCallback is number/ });
  assert.throws(() => new BOPlishClient('ftp://x'), { name: 'TypeError', message: /'ftp:\/\/x'/ });
  assert.throws(() => new BOPlishClient('localhost'), { code: 'unsupported' });
});
