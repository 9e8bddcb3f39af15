// Readable names: what a page makes of what a domain says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wellKnown } from './built.mjs';

/** Has `fetch()` answer so; gives the addresses that it was asked for. */
function answering(respond) {
  const asked = [];
  globalThis.fetch = async (url, options) => {
    asked.push(url);
    assert.equal(options.redirect, 'error', 'the domain itself has to vouch');
    assert.equal(options.credentials, 'omit');
    return respond(url);
  };
  return asked;
}

const ALICE = '48142a86bd1dc7c2be81df1c5ca6d0a98c328f4b';

test('a name is whoever its domain says, which is asked once', async () => {
  const asked = answering(() => new Response(JSON.stringify({ names: { alice: ALICE } })));
  assert.equal(await wellKnown('alice', 'one.example'), ALICE);
  assert.equal(await wellKnown('alice', 'one.example'), ALICE);
  assert.deepEqual(asked, ['https://one.example/.well-known/boplish.json']);
  for (const name of ['bob', 'toString', '__proto__']) {
    await assert.rejects(wellKnown(name, 'one.example'), /one\.example knows nobody of that name/);
  }
});

test('a name is read without regard to case, as native peers do, and nothing else passes for a letter', async () => {
  const BOB = ALICE.replace('4', '5');
  answering(() => new Response(JSON.stringify({ names: { alice: BOB, Alice: ALICE, '\u212aarl': BOB } })));
  assert.equal(await wellKnown('alice', 'three.example'), ALICE);
  assert.equal(await wellKnown('ALICE', 'three.example'), ALICE);
  await assert.rejects(wellKnown('karl', 'three.example'), /knows nobody of that name/);
});

test('what is no answer is said, and asked again', async () => {
  for (const [body, why] of [
    [new Response('', { status: 404 }), /status 404/],
    [new Response('<html>'), /is not JSON/],
    [new Response('{}'), /has no "names"/],
    [new Response(`{"names":{},"x":"${'x'.repeat(2 ** 20)}"}`), /too long/],
  ]) {
    answering(() => body);
    await assert.rejects(wellKnown('alice', 'two.example'), why);
  }
  answering(() => {
    throw new TypeError('Failed to fetch');
  });
  await assert.rejects(wellKnown('alice', 'two.example'), /can't be read from this page/);
  answering(() => new Response(JSON.stringify({ names: { alice: ALICE } })));
  assert.equal(await wellKnown('alice', 'two.example'), ALICE);
});
