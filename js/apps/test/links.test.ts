import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerLink, carriedBy } from '../src/invitation/links.ts';

test('a link carries an invitation or an answer, whatever stands around it', () => {
  assert.equal(carriedBy('https://a.example/x?y=1#invitation=AQ-_z', 'invitation'), 'AQ-_z');
  assert.equal(carriedBy('  #answer=AQ \n', 'answer'), 'AQ');
  assert.equal(carriedBy('https://a.example/#answer=AQ', 'invitation'), undefined);
  assert.equal(carriedBy('AQ', 'answer'), undefined);
  assert.equal(carriedBy('#answer=', 'answer'), undefined);
});

test('an answer takes the place of what stands behind the #', () => {
  const link = answerLink('AQ', 'https://a.example/#invitation=B');
  assert.equal(link, 'https://a.example/#answer=AQ');
  assert.equal(carriedBy(link, 'answer'), 'AQ');
});
