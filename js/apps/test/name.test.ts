import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childOf, formatName, linkTo, nameIn, parentOf, parseName, servedPath } from '../src/publish/name.ts';

const ID = '3f2a91bc77d0e4aa3f2a91bc77d0e4aa3f2a91bc';

test('a name is read and written in its normal form', () => {
  const name = parseName(`BOP:${ID.toUpperCase()}:content/My%20album/a%2bb+c,d.jpg/`);
  assert.deepEqual(name, { uid: ID, segments: ['My album', 'a+b+c,d.jpg'] });
  assert.equal(name && formatName(name), `bop:${ID}:content/My%20album/a+b+c,d.jpg`);
});

test('a root ends with a slash, however it was written', () => {
  for (const text of [`bop:${ID}:content`, `bop:${ID}:content/`]) {
    const name = parseName(text);
    assert.deepEqual(name, { uid: ID, segments: [] });
    assert.equal(name && formatName(name), `bop:${ID}:content/`);
  }
});

test('a version stays, for what is below and above as well', () => {
  const name = parseName(`bop:${ID}:content/a?v=1f.12`);
  assert.ok(name);
  assert.equal(formatName(childOf(name, 'ä b')), `bop:${ID}:content/a/%C3%A4%20b?v=1f.12`);
  const above = parentOf(name);
  assert.equal(above && formatName(above), `bop:${ID}:content/?v=1f.12`);
  assert.equal(above && parentOf(above), undefined);
  assert.equal(servedPath(name), `bop/${ID}/content/a?v=1f.12`);
});

test('what leads elsewhere, or is something else, is no name', () => {
  const wrong = [
    '',
    'album',
    'bop:',
    `bop:${ID}`,
    `bop:${ID}:chat/a`,
    `bop:${ID}:contents/a`,
    `bop:${ID.slice(1)}:content/a`,
    `bop:${ID}:content/a/../b`,
    `bop:${ID}:content/%2e%2E`,
    `bop:${ID}:content/a%2fb`,
    `bop:${ID}:content/a%5Cb`,
    `bop:${ID}:content//a`,
    `bop:${ID}:content/%`,
    `bop:${ID}:content/%ff`,
    `bop:<img>:content/a`,
    'javascript:alert(1)',
  ];
  for (const text of wrong) assert.equal(nameIn(text), undefined, text);
});

test('a link, a sentence and an id have a name in them', () => {
  const album = { uid: ID, segments: ['album', 'a b.jpg'] };
  const texts = [
    `  bop:${ID}:content/album/a b.jpg\n`,
    `<bop:${ID}:content/album/a%20b.jpg>`,
    `https://a.example/site/publish.html?x=1#bop:${ID}:content/album/a%20b.jpg`,
    `https://a.example/publish.html#bop%3A${ID}%3Acontent%2Falbum%2Fa%2520b.jpg`,
    `Look: https://a.example/publish.html#bop:${ID}:content/album/a%20b.jpg is new`,
    `http://127.0.0.1:8080/bop/${ID}/content/album/a%20b.jpg`,
    `bop:${ID}:content/album/a%20b.jpg#top`,
  ];
  for (const text of texts) assert.deepEqual(nameIn(text), album, text);
  assert.deepEqual(nameIn(ID.toUpperCase()), { uid: ID, segments: [] });
  assert.deepEqual(nameIn('bop:alice@example.org:content/album'), { uid: 'alice@example.org', segments: ['album'] });
  assert.deepEqual(nameIn(`https://a.example/bop/alice%40example.org/content`), { uid: 'alice@example.org', segments: [] });
});

test('a link to a page leads back to the name', () => {
  const name = { uid: ID, segments: ['100 %', '#1?'] };
  const link = linkTo(name, 'https://a.example/publish.html?x#bop:old');
  assert.equal(link, `https://a.example/publish.html?x#bop:${ID}:content/100%20%25/%231%3F`);
  assert.deepEqual(nameIn(link), name);
});
