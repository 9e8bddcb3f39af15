import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Board, MOST_AHEAD, MOST_DOTS, SIZE, startOf, stepped, towards, type Circle, type Direction } from '../src/game/board.ts';
import { composeCircle, composeDot, composeHere, parseCircle, parseDot, parseHere } from '../src/game/wire.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const C = 'c'.repeat(40);

test('the circle begins in the centre, and stops at the edges', () => {
  const board = new Board(A, 0);
  assert.deepEqual(board.circle, { x: 7, y: 7, clock: 0, by: '' });
  for (let step = 0; step < SIZE; step += 1) board.moveCircle('left');
  assert.deepEqual(board.circle, { x: 0, y: 7, clock: 7, by: A });
  assert.equal(board.moveCircle('left'), undefined);
  assert.equal(board.circle.clock, 7);
});

test('a move that knows the one before counts, whatever its id', () => {
  const [ours, theirs] = [new Board(A, 0), new Board(B, 0)];
  const first = theirs.moveCircle('up');
  assert.ok(first && ours.hearCircle(first));
  const second = ours.moveCircle('right');
  assert.ok(second && theirs.hearCircle(second));
  assert.deepEqual(ours.circle, { x: 8, y: 6, clock: 2, by: A });
  assert.deepEqual(theirs.circle, ours.circle);
});

test('of two moves at once, the one by the greater id counts for both', () => {
  const [ours, theirs] = [new Board(A, 0), new Board(B, 0)];
  const up = ours.moveCircle('up');
  const down = theirs.moveCircle('down');
  assert.ok(up && down);
  assert.equal(ours.hearCircle(down), true);
  assert.equal(theirs.hearCircle(up), false);
  assert.deepEqual(ours.circle, { x: 7, y: 8, clock: 1, by: B });
  assert.deepEqual(theirs.circle, ours.circle);
});

/** A generator with a seed, so that a failure can be replayed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test('all who have heard the same moves see the same, in whatever order and however often', () => {
  const directions: readonly Direction[] = ['up', 'down', 'left', 'right'];
  for (let seed = 1; seed <= 200; seed += 1) {
    const next = random(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
    const boards = [A, B, C].map((id) => new Board(id, 0));
    const moves: Circle[] = [];
    for (let turn = 0; turn < 60; turn += 1) {
      const board = pick(boards);
      const moved = next() < 0.5 ? board.moveCircle(pick(directions)) : undefined;
      if (moved !== undefined) moves.push(moved);
      else if (moves.length > 0) board.hearCircle(pick(moves));
    }
    for (const board of boards) {
      const order = moves.map((move) => ({ move, at: next() })).sort((a, b) => a.at - b.at);
      for (const { move } of [...order, ...order.slice(0, 5)]) board.hearCircle(move);
    }
    const [first] = boards;
    for (const board of boards) assert.deepEqual(board.circle, first?.circle, `seed ${seed}`);
  }
});

test('a number that is far ahead is not believed', () => {
  const board = new Board(A, 0);
  assert.equal(board.hearCircle({ x: 1, y: 1, clock: MOST_AHEAD + 1, by: B }), false);
  assert.equal(board.hearCircle({ x: 1, y: 1, clock: MOST_AHEAD, by: B }), true);
});

test('a dot is its own player’s, and what is old does not move it', () => {
  const board = new Board(A, 1000);
  assert.equal(board.hearDot(A, { x: 0, y: 0, count: 9_999 }), false);
  assert.deepEqual({ ...board.ownDot }, { ...startOf(A), count: 1000 });
  assert.equal(board.hearDot(B, { x: 3, y: 4, count: 5 }), true);
  assert.equal(board.hearDot(B, { x: 9, y: 9, count: 5 }), false);
  assert.equal(board.hearDot(B, { x: 9, y: 9, count: 4 }), false);
  assert.deepEqual(board.dots.get(B), { x: 3, y: 4, count: 5 });
  board.keep(new Set());
  assert.deepEqual([...board.dots.keys()], [A]);
});

test('a dot’s count grows, even when the clock was set back', () => {
  const board = new Board(A, 5000);
  const direction = startOf(A).x === 0 ? 'right' : 'left';
  assert.equal(board.moveDot(direction, 10)?.count, 5001);
  board.renewDot(10);
  assert.equal(board.ownDot.count, 5002);
});

test('there is room for so many dots', () => {
  const board = new Board(A, 0);
  const idOf = (index: number): string => index.toString(16).padStart(40, '0');
  for (let index = 0; index < MOST_DOTS + 10; index += 1) board.hearDot(idOf(index), { x: 1, y: 1, count: 1 });
  assert.equal(board.dots.size, MOST_DOTS);
});

test('steps and directions agree', () => {
  assert.deepEqual(stepped({ x: 0, y: 0 }, 'up'), { x: 0, y: 0 });
  assert.deepEqual(stepped({ x: 3, y: 3 }, 'down'), { x: 3, y: 4 });
  assert.equal(towards({ x: 3, y: 3 }, { x: 3, y: 3 }), undefined);
  assert.equal(towards({ x: 3, y: 3 }, { x: 0, y: 5 }), 'left');
  assert.equal(towards({ x: 3, y: 3 }, { x: 4, y: 9 }), 'down');
});

test('what is told is read as it was meant', () => {
  const circle = { x: 3, y: 4, clock: 7, by: B };
  assert.deepEqual(parseCircle(composeCircle(circle), B), circle);
  const dot = { x: 0, y: SIZE - 1, count: 12 };
  assert.deepEqual(parseDot(composeDot({ dot, name: 'Ada' })), { dot, name: 'Ada' });
  const here = { dot, name: 'Ada', circle, asks: true };
  assert.deepEqual(parseHere(JSON.parse(JSON.stringify(composeHere(here)))), here);
  assert.deepEqual(parseHere(JSON.parse(JSON.stringify(composeHere({ dot, name: undefined, circle: undefined, asks: false })))), {
    dot,
    name: undefined,
    circle: undefined,
    asks: false,
  });
});

test('what strangers send is refused where it makes no sense', () => {
  const wrong: readonly unknown[] = [
    null,
    'circle',
    [],
    { t: 'circle' },
    { t: 'circle', x: 1, y: 2 },
    { t: 'circle', x: SIZE, y: 2, clock: 1 },
    { t: 'circle', x: -1, y: 2, clock: 1 },
    { t: 'circle', x: 1.5, y: 2, clock: 1 },
    { t: 'circle', x: '1', y: 2, clock: 1 },
    { t: 'circle', x: 1, y: 2, clock: 0 },
    { t: 'circle', x: 1, y: 2, clock: 2 ** 53 },
    { t: 'circle', x: 1, y: 2, clock: null },
    new Uint8Array(3),
  ];
  for (const payload of wrong) assert.equal(parseCircle(payload, B), undefined, JSON.stringify(payload));
  assert.equal(parseDot({ t: 'dot', x: 1, y: 2 }), undefined);
  assert.equal(parseHere({ t: 'here', name: 'Ada' }), undefined);
  const here = { t: 'here', dot: { x: 1, y: 2, count: 3 }, circle: { x: 1, y: 2, clock: 3, by: '<img>' } };
  assert.equal(parseHere(here)?.circle, undefined);
});
