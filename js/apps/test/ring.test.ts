import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chordPath, pointOf, turnOf } from '../src/ring.ts';

const id = (first: string): string => first.padEnd(40, '0');

test('ids grow clockwise from the top', () => {
  assert.equal(turnOf(id('0')), 0);
  assert.equal(turnOf(id('4')), 0.25);
  assert.deepEqual(pointOf(id('0'), 10, 5), { x: 10, y: 5 });
  assert.deepEqual(pointOf(id('4'), 10, 5), { x: 15, y: 10 });
  assert.deepEqual(pointOf(id('8'), 10, 5), { x: 10, y: 15 });
});

test('ids of any shape have a place', () => {
  for (const other of ['bob', '', 'zzzzzzzzzzzzzzzz', '12']) {
    const turn = turnOf(other);
    assert.ok(turn >= 0 && turn < 1);
  }
});

test('a chord runs from the sender to the receiver', () => {
  const path = chordPath(id('0'), id('8'), 10, 5);
  assert.ok(path.startsWith('M10 5Q'));
  assert.ok(path.endsWith(' 10 15'));
});
