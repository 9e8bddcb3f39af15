import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyOf, parseKept } from '../src/chat/kept.ts';
import { linkParts } from '../src/chat/links.ts';
import { beginsDay, beginsTurn, KEPT, timeOf, Transcript, type Message } from '../src/chat/transcript.ts';
import { composeHere, composeSaid, LONGEST_TEXT, parseHere, parseSaid, type Said } from '../src/chat/wire.ts';

const ID = '3f2a91bc77d0e4aa3f2a91bc77d0e4aa3f2a91bc';

function message(id: string, at: number, from = 'a'): Message {
  return { id, at, from, isOwn: from === 'me', room: 'lobby', name: from, content: { text: id } };
}

function ids(transcript: Transcript): string[] {
  return transcript.messages.map(({ id }) => id);
}

test('what is said is read as it was meant', () => {
  const text: Said = { id: 'x-1', name: 'Ada', at: 5, content: { text: 'Hello\n  there' } };
  assert.deepEqual(parseSaid(JSON.parse(JSON.stringify(composeSaid(text)))), text);
  const uri = `bop:${ID}:content/chat/1/a%20b.jpg`;
  const file: Said = {
    id: '2',
    name: undefined,
    at: undefined,
    content: { file: { uri, name: 'a b.jpg', type: 'image/jpeg', bytes: 12, width: 3, height: 4 } },
  };
  assert.deepEqual(parseSaid(JSON.parse(JSON.stringify(composeSaid(file)))), file);
  assert.deepEqual(parseHere(composeHere({ name: 'Ada', at: 5, asks: true })), { name: 'Ada', at: 5, asks: true });
  assert.deepEqual(parseHere({ t: 'here' }), { name: undefined, at: 0, asks: false });
});

test('what strangers send is refused, or made harmless', () => {
  const wrong: readonly unknown[] = [
    null,
    'hello',
    7,
    [],
    {},
    new Uint8Array(2),
    { t: 'say', text: 'no id' },
    { t: 'say', id: 'x', text: 7 },
    { t: 'say', id: 'x', text: ' \n ' },
    { t: 'say', id: 'x'.repeat(65), text: 'a' },
    { t: 'say', id: '<b>', text: 'a' },
    { t: 'shout', id: 'x', text: 'a' },
    { t: 'file', id: 'x', uri: 'https://a.example', bytes: 1 },
    { t: 'file', id: 'x', uri: 'javascript:alert(1)', bytes: 1 },
    { t: 'file', id: 'x', uri: `bop:${ID}:content/`, bytes: 1 },
    { t: 'file', id: 'x', uri: `bop:${ID}:content/a`, bytes: -1 },
    { t: 'file', id: 'x', uri: `bop:${ID}:content/a` },
  ];
  for (const payload of wrong) assert.equal(parseSaid(payload), undefined, JSON.stringify(payload));
  const said = parseSaid({ t: 'say', id: 'x', at: 'now', name: '  a\u202eb\u0000 \n c ', text: `${'x'.repeat(LONGEST_TEXT)}yz` });
  assert.equal(said?.name, 'ab c');
  assert.equal(said?.at, undefined);
  assert.ok(said && 'text' in said.content && said.content.text.length === LONGEST_TEXT);
  const file = parseSaid({ t: 'file', id: 'x', uri: `bop:${ID}:content/a`, bytes: 1, width: 1e9, height: 1, file: 7, type: [] });
  assert.deepEqual(file?.content, { file: { uri: `bop:${ID}:content/a`, name: 'a', type: '', bytes: 1 } });
});

test('messages stand in the order of their times, and each once', () => {
  const transcript = new Transcript();
  assert.equal(transcript.add(message('b', 2)), 'last');
  assert.equal(transcript.add(message('d', 4)), 'last');
  assert.equal(transcript.add(message('c', 2)), 'between');
  assert.equal(transcript.add(message('a', 1)), 'between');
  assert.equal(transcript.add(message('b', 9)), 'known');
  assert.deepEqual(ids(transcript), ['a', 'b', 'c', 'd']);
  // Nobody takes another one's words away by their id.
  assert.equal(transcript.add(message('b', 9, 'z')), 'last');
});

test('so many are kept, and the oldest are dropped', () => {
  const transcript = new Transcript();
  for (let at = 1; at <= KEPT + 2; at += 1) transcript.add(message(String(at), at));
  assert.deepEqual(transcript.trim().map(({ id }) => id), ['1', '2']);
  assert.equal(transcript.messages.length, KEPT);
  assert.equal(transcript.add(message('0', 0)), 'known');
  assert.equal(transcript.has('a', '1'), false);
});

test('others’ newer messages are unread', () => {
  const transcript = new Transcript();
  for (const [id, at, from] of [['1', 1, 'a'], ['2', 2, 'a'], ['3', 3, 'me'], ['4', 4, 'b']] as const) {
    transcript.add(message(id, at, from));
  }
  assert.equal(transcript.unread(1), 2);
  assert.equal(transcript.unread(4), 0);
});

test('of what is older, its writer tells the time, but not one to come', () => {
  assert.equal(timeOf(5, false, 100), 100);
  assert.equal(timeOf(5, true, 100), 5);
  assert.equal(timeOf(undefined, true, 100), 100);
  assert.equal(timeOf(10_000_000, true, 100), 100);
});

test('what one says in a row stands under one name', () => {
  const noon = new Date(2026, 2, 3, 12).getTime();
  const first = message('1', noon);
  assert.equal(beginsTurn(undefined, first), true);
  assert.equal(beginsTurn(first, message('2', noon + 1000)), false);
  assert.equal(beginsTurn(first, message('2', noon + 1000, 'b')), true);
  assert.equal(beginsTurn(first, { ...message('2', noon + 1000), name: 'new' }), true);
  assert.equal(beginsTurn(first, message('2', noon + 6 * 60_000)), true);
  assert.equal(beginsDay(first, message('2', noon + 86_400_000)), true);
});

test('links are found, and nothing of the text is lost', () => {
  const text = `See https://a.example/x_(y)?z=1#q, (http://b.example). And bop:${ID}:content/a%20b! x`;
  const parts = linkParts(text);
  assert.equal(parts.map((part) => part.text).join(''), text);
  assert.deepEqual(
    parts.filter(({ kind }) => kind !== 'text').map((part) => part.text),
    ['https://a.example/x_(y)?z=1#q', 'http://b.example', `bop:${ID}:content/a%20b`],
  );
});

test('what is no link, or pretends to be another one, stays text', () => {
  const texts = [
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://a.example',
    'https://',
    'https://bank.example@evil.example/',
    `bop:${ID}:chat/x`,
    'bop:me',
    '<a href="x">',
  ];
  for (const text of texts) assert.deepEqual(linkParts(text), [{ kind: 'text', text }], text);
});

test('what an earlier visit has left is read with care', () => {
  const first = parseKept(null);
  assert.deepEqual(first.rooms.map(({ name }) => name), ['lobby']);
  assert.deepEqual(parseKept({ rooms: [] }).rooms, []);
  const kept = parseKept({
    rooms: [{ name: 'a', password: 'p', key: keyOf('a', 'p'), readUntil: 3 }, { name: 7 }, null, { name: 'b', isLocked: true }],
    directs: [{ peer: ID, name: 'Ada' }, { peer: 'x' }],
    current: 9,
  });
  assert.deepEqual(kept.rooms.map(({ name, isLocked, password }) => [name, isLocked, password]), [
    ['a', true, 'p'],
    ['b', true, undefined],
  ]);
  assert.deepEqual(kept.directs.map(({ peer, name }) => [peer, name]), [[ID, 'Ada']]);
});

test('rooms of one name are apart by their passwords, and the key does not tell them', () => {
  assert.notEqual(keyOf('a', 'one'), keyOf('a', 'two'));
  assert.equal(keyOf('a', undefined), 'a');
  assert.ok(!keyOf('a', 'swordfish').includes('swordfish'));
});
