import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everything, type Filter, filterOf, isSame, matcherOf, searchOf, toggled } from '../src/inspector/filter.ts';
import type { Entry } from '../src/inspector/log.ts';

const ALICE = 'a'.repeat(40);
const BOB = 'b'.repeat(40);
const CAROL = 'c'.repeat(40);

function entry(changes: Partial<Entry> & { readonly payload?: unknown; readonly type?: string } = {}): Entry {
  const { payload = { type: 'ping' }, type = 'ping-protocol', ...rest } = changes;
  const message = { type, from: ALICE, to: BOB, payload };
  return { number: 1, time: 0, direction: 'incoming', message, hops: 1, via: ALICE, passed: [], ...rest };
}

function passes(filter: Partial<Filter>, one: Entry): boolean {
  return matcherOf({ ...everything, ...filter })(one);
}

test('kinds are combined by and, the values of one by or', () => {
  assert.ok(passes({}, entry()));
  assert.ok(passes({ protocols: ['chat', 'ping-protocol'], directions: ['incoming'], peers: [BOB] }, entry()));
  assert.ok(!passes({ protocols: ['ping-protocol'], directions: ['outgoing'] }, entry()));
  assert.ok(!passes({ protocols: ['chat'] }, entry()));
});

test('a peer is the sender, the receiver, or the neighbour that it came over', () => {
  assert.ok(passes({ peers: [ALICE] }, entry()));
  assert.ok(!passes({ peers: [CAROL] }, entry()));
  assert.ok(passes({ peers: [CAROL] }, entry({ via: CAROL })));
});

test('a search finds types, ids, keys and values, whatever the case, and takes no text for a pattern', () => {
  const one = entry({ type: 'Chat', payload: { text: ['Grüße (laut)'], answer: 42, no: null } });
  for (const text of ['chat', 'AAAA', 'TEXT', 'grüße (', '42', 'null']) assert.ok(passes({ text }, one), text);
  for (const text of ['.*', 'chatter', '(']) assert.equal(passes({ text }, one), text === '(', text);
});

test('a search looks into bytes', () => {
  const payload = { bytes: btoa('hello there'), length: 11 };
  assert.ok(passes({ text: 'hello' }, entry({ payload })));
  assert.ok(!passes({ text: 'length' }, entry({ payload })));
});

test('an address carries a filter, and what else is in it', () => {
  const filter: Filter = { directions: ['outgoing'], protocols: ['a&b', 'c'], peers: [ALICE], text: 'ä ?' };
  const search = searchOf(filter, '?fake&direction=incoming&x=1');
  assert.match(search, /^\?fake&x=1&/);
  assert.ok(isSame(filterOf(search), filter));
  assert.equal(searchOf(everything, search), '?fake&x=1');
  assert.equal(searchOf(everything, ''), '');
});

test('what makes no sense in an address is ignored', () => {
  const search = `?direction=up&direction=incoming&peer=xyz&peer=${'A'.repeat(40)}&protocol=&protocol=${'p'.repeat(500)}`;
  assert.deepEqual(filterOf(search), { directions: ['incoming'], protocols: [], peers: [ALICE], text: '' });
  assert.deepEqual(filterOf('?direction=incoming&direction=outgoing&direction=forwarded'), everything);
  assert.equal(filterOf(`?${'protocol=a&'.repeat(5)}`).protocols.length, 1);
});

test('a value is toggled', () => {
  assert.deepEqual(toggled(['a'], 'b'), ['a', 'b']);
  assert.deepEqual(toggled(['a', 'b'], 'a'), ['b']);
});
