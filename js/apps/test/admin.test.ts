import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ceiling, linePoints, lineText } from '../src/admin/lines.ts';
import { amount, duration, reasonsThatWere, refusal } from '../src/admin/stats.ts';

test('a scale ends at a round number that is not below the greatest value', () => {
  const cases: readonly (readonly [number, number])[] = [
    [0, 1],
    [0.4, 1],
    [1, 1],
    [1.1, 2],
    [3, 5],
    [51, 100],
    [12_000, 20_000],
  ];
  for (const [value, top] of cases) assert.equal(ceiling(value), top);
});

test('a line ends at the right edge, and too many values leave out the oldest', () => {
  const area = { width: 100, height: 50 };
  assert.equal(linePoints([0, 5, 10], 3, 10, area), '0.0,50.0 50.0,25.0 100.0,0.0');
  assert.equal(linePoints([5], 3, 10, area), '100.0,25.0');
  assert.equal(linePoints([9, 0, 0, 0], 3, 10, area), '0.0,50.0 50.0,50.0 100.0,50.0');
  assert.equal(linePoints([], 3, 10, area), '');
});

test('a line is told in words', () => {
  assert.equal(lineText('Connected', [1, 7, 3], String), 'Connected: 3 now, at most 7 in the last 5 min');
  assert.equal(lineText('Connected', [], String), 'Connected: nothing yet');
});

test('numbers are as precise as they are small', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0'],
    [0.037, '0.04'],
    [3.14, '3.1'],
    [3, '3'],
    [9.99, '10'],
    [120.4, '120'],
    [45_000, '45,000'],
  ];
  for (const [value, text] of cases) assert.equal(amount(value), text);
});

test('the time that a server runs has two units', () => {
  assert.equal(duration(59), '59 s');
  assert.equal(duration(185), '3 min');
  assert.equal(duration(5 * 3600 + 7 * 60), '5 h 7 min');
  assert.equal(duration(12 * 86_400 + 4 * 3600 + 100), '12 d 4 h');
});

test('reasons that never were are left out, and the most frequent is first', () => {
  const reason = (code: number, refused: number, closed: number) => ({ code, reason: '', text: '', refused, closed });
  const shown = reasonsThatWere([reason(4001, 1, 0), reason(4002, 0, 0), reason(4003, 2, 3), reason(4000, 0, 1)]);
  assert.deepEqual(shown.map(({ code }) => code), [4003, 4000, 4001]);
});

test('what makes a token useless is told', () => {
  for (const status of [401, 404, 429]) assert.ok(refusal(status));
  for (const status of [500, 503]) assert.equal(refusal(status), undefined);
});
