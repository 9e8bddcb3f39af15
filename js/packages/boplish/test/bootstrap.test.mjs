import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootstrapUrl } from './built.mjs';

const http = { protocol: 'http:', host: 'page.example:5000' };
const https = { protocol: 'https:', host: 'page.example' };

test('a missing or empty host is the host of the page', () => {
  for (const text of [undefined, null, '', '  ']) {
    assert.equal(bootstrapUrl(text, http), 'ws://page.example:5000');
    assert.equal(bootstrapUrl(text, https), 'wss://page.example');
  }
});

test('a host takes the scheme of the page', () => {
  assert.equal(bootstrapUrl('boplish.example', http), 'ws://boplish.example');
  assert.equal(bootstrapUrl('boplish.example:5000', https), 'wss://boplish.example:5000');
  assert.equal(bootstrapUrl('localhost:5000', undefined), 'ws://localhost:5000');
  assert.equal(bootstrapUrl('[::1]:5000', http), 'ws://[::1]:5000');
});

test('a URL keeps its scheme and path, and loses its last slash', () => {
  assert.equal(bootstrapUrl('ws://boplish.example:5000/', https), 'ws://boplish.example:5000');
  assert.equal(bootstrapUrl('wss://boplish.example/net/', http), 'wss://boplish.example/net');
  assert.equal(bootstrapUrl('https://boplish.example', http), 'wss://boplish.example');
  assert.equal(bootstrapUrl('HTTP://boplish.example', https), 'ws://boplish.example');
});

test('what is no address is refused with the forms that are', () => {
  const bad = ['ftp://boplish.example', 'a b', 'host:notaport', 'ws://', 'ws://u:p@host', 'host?x=1', 'host#x'];
  for (const text of bad) {
    assert.throws(
      () => bootstrapUrl(text, http),
      (error) => error.code === 'bad-option' && error.message.includes(`'${text}'`) && error.message.includes('HOST:PORT'),
    );
  }
});

test('a page without a host needs an address', () => {
  assert.throws(() => bootstrapUrl('', { protocol: 'file:', host: '' }), { code: 'bad-option' });
  assert.throws(() => bootstrapUrl(undefined, undefined), { code: 'bad-option' });
});
