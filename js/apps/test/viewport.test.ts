import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitting, LARGEST_SCALE, panned, toPlane, toScreen, type View, zoomed } from '../src/topology/viewport.ts';

const view: View = { scale: 2, x: 10, y: -20 };

test('screen and plane are each other’s inverse', () => {
  const place = { x: 3.5, y: -7 };
  assert.deepEqual(toPlane(toScreen(place, view), view), place);
});

test('zooming keeps what lies under the pointer', () => {
  const at = { x: 120, y: 80 };
  const before = toPlane(at, view);
  assert.deepEqual(toPlane(at, zoomed(view, 1.5, at)), before);
});

test('zooming has an end, where the view stays in place', () => {
  const end = zoomed(view, 1000, { x: 0, y: 0 });
  assert.equal(end.scale, LARGEST_SCALE);
  assert.deepEqual(zoomed(end, 2, { x: 50, y: 50 }), end);
});

test('panning moves by pixels', () => {
  assert.deepEqual(panned(view, 5, 6), { scale: 2, x: 15, y: -14 });
});

test('fitting puts the box into the middle, within its margin', () => {
  const fit = fitting({ left: -100, top: -50, right: 100, bottom: 50 }, { width: 240, height: 400 }, 20);
  assert.equal(fit.scale, 1);
  assert.deepEqual(toScreen({ x: 0, y: 0 }, fit), { x: 120, y: 200 });
});

test('a single place is no reason to zoom in for ever', () => {
  const fit = fitting({ left: 0, top: 0, right: 0, bottom: 0 }, { width: 300, height: 300 }, 20);
  assert.ok(fit.scale <= 2);
});
