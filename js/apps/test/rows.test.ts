import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowAfterKey, visibleRows } from '../src/inspector/rows.ts';

test('only the rows in view and a few more are drawn', () => {
  const { start, end } = visibleRows(4000, 400, 40, 1000);
  assert.ok(start <= 100 && start > 80);
  assert.ok(end >= 110 && end < 130);
});

test('the drawn rows stay within the list', () => {
  assert.deepEqual(visibleRows(0, 400, 40, 3), { start: 0, end: 3 });
  assert.deepEqual(visibleRows(0, 400, 40, 0), { start: 0, end: 0 });
  // A list that has become shorter than the scroll position.
  assert.deepEqual(visibleRows(9000, 400, 40, 5), { start: 5, end: 5 });
  assert.deepEqual(visibleRows(0, 400, 0, 5), { start: 0, end: 0 });
});

test('keys move within the list and stop at its ends', () => {
  assert.equal(rowAfterKey('ArrowDown', 0, 5, 3), 1);
  assert.equal(rowAfterKey('ArrowUp', 0, 5, 3), 0);
  assert.equal(rowAfterKey('PageDown', 1, 5, 3), 4);
  assert.equal(rowAfterKey('PageUp', 4, 5, 3), 1);
  assert.equal(rowAfterKey('Home', 4, 5, 3), 0);
  assert.equal(rowAfterKey('End', 0, 5, 3), 4);
  assert.equal(rowAfterKey('x', 0, 5, 3), undefined);
  assert.equal(rowAfterKey('End', 0, 0, 3), undefined);
});
