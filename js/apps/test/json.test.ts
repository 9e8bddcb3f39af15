import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonTokens, prettyJson } from '../src/json.ts';

test('the tokens, joined, are the text', () => {
  const value = { 'a "quoted": key': ['x: 1', -1.5e-7, true, null, { deep: '\\' }], empty: {} };
  const text = prettyJson(value);
  assert.equal(jsonTokens(text).map((token) => token.text).join(''), text);
});

test('keys, strings, numbers and literals are told apart', () => {
  const kinds = jsonTokens('{"a":"true","b":[1,false]}')
    .filter((token) => token.kind !== 'plain')
    .map((token) => `${token.kind} ${token.text}`);
  assert.deepEqual(kinds, ['key "a"', 'string "true"', 'key "b"', 'number 1', 'literal false']);
});

test('text that was cut within a string is still shown in full', () => {
  const cut = '{"a":"unfinished';
  assert.equal(jsonTokens(cut).map((token) => token.text).join(''), cut);
});

test('what JSON does not have reads as null', () => {
  assert.equal(prettyJson(undefined), 'null');
});

test('what is nested deeply is written without a line for each level', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 1000; level += 1) deep = [deep];
  assert.ok(prettyJson(deep).length < 3000);
  assert.match(prettyJson([[1]]), /\n {4}1\n/);
});
