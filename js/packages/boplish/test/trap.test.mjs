// What becomes of nodes when the WebAssembly module panics, which is a trap.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshRunner } from './built.mjs';

globalThis.RTCPeerConnection ??= class {};
globalThis.WebSocket ??= class {};

const trap = () => {
  throw new WebAssembly.RuntimeError('unreachable');
};

/** Two nodes of a page whose module is made of these functions. */
async function nodes(methods) {
  const { Runner } = await freshRunner();
  const told = [];
  const hosts = [];
  class Peer {
    constructor(host) {
      hosts.push(host);
    }
    id() {
      return 'f00d';
    }
    enableContent() {}
    holdCopies() {}
    close() {
      told.push('closed by the core');
    }
  }
  Object.assign(Peer.prototype, methods);
  const make = (name) =>
    new Runner(Peer, { url: 'ws://x', secret: new Uint8Array(32) }, { failed: (error) => told.push(`${name} ${error.code}`) });
  return { first: make('first'), second: make('second'), hosts, told };
}

const internal = { name: 'BoplishError', code: 'internal' };

test('a call that traps throws internal, and every node of the page is dead', async () => {
  const { first, second, told } = await nodes({ send: trap, state: () => 'online' });
  const waiting = second.until(() => false, 'waiting', 10_000, () => undefined);
  assert.throws(() => first.call((peer) => peer.send()), internal);
  assert.deepEqual(told, ['first internal', 'second internal']);
  await assert.rejects(waiting, internal);
  assert.throws(() => second.call((peer) => peer.state()), internal);
  assert.equal(second.read((peer) => peer.state(), 'offline'), 'offline');
  first.close();
  assert.equal(told.length, 2);
});

test('a timer or event that traps is seen, and no other gets into the module', async () => {
  const { first, hosts, told } = await nodes({ state: () => 'online' });
  let calls = 0;
  const later = hosts[1].guard(() => (calls += 1));
  later();
  hosts[0].guard(trap)();
  later();
  assert.equal(calls, 1);
  assert.deepEqual(told, ['first internal', 'second internal']);
  assert.throws(() => first.call((peer) => peer.state()), internal);
});

test('a trap within a callback of the application ends what called the callback', async () => {
  const { first, hosts, told } = await nodes({ send: trap });
  hosts[0].guard(() => {
    first.until(() => first.call((peer) => peer.send()), 'waiting', 10_000, () => undefined).catch(() => {});
    hosts[0].state('online');
    told.push('went on');
  })();
  assert.deepEqual(told, ['first internal', 'second internal']);
});

test('an error that is told in words kills nothing', async () => {
  const refuse = () => {
    throw 'to-self: this is the own id';
  };
  const { first, told } = await nodes({ send: refuse, state: () => 'online' });
  assert.throws(() => first.call((peer) => peer.send()), { code: 'to-self' });
  assert.equal(first.call((peer) => peer.state()), 'online');
  first.close();
  assert.deepEqual(told, ['closed by the core']);
});
