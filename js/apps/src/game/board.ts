import { turnOf } from '../ring.ts';

/**
 * What is on the board, and who decides where it is; pure. The circle is a register that the last
 * writer wins: every move has the number after the greatest that its player knows (Lamport 1978),
 * and of two with the same number the one by the greater id counts. So all who have heard the same
 * moves, in whatever order, see the same.
 */

/** Fields in each direction. */
export const SIZE = 15;
/** Numbers further ahead than this are not believed, so that nobody can use them up at once. */
export const MOST_AHEAD = 10_000_000;
/** Dots on the board; who comes later is only in the list. */
export const MOST_DOTS = 200;

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Circle extends Place {
  readonly clock: number;
  /** Who moved it; nobody has yet if it is empty. */
  readonly by: string;
}

export interface Dot extends Place {
  /** Greater with each move of its player; nobody else's count. */
  readonly count: number;
}

export type Direction = 'up' | 'down' | 'left' | 'right';

const steps: Readonly<Record<Direction, Place>> = {
  up: { x: 0, y: -1 },
  down: { x: 0, y: 1 },
  left: { x: -1, y: 0 },
  right: { x: 1, y: 0 },
};

const CENTRE = (SIZE - 1) / 2;

/** Whether the first of two moves is the one that counts. */
export function beats(a: Circle, b: Circle): boolean {
  return a.clock === b.clock ? a.by > b.by : a.clock > b.clock;
}

/** One field further; the same place at the edge. */
export function stepped({ x, y }: Place, direction: Direction): Place {
  const step = steps[direction];
  return { x: within(x + step.x), y: within(y + step.y) };
}

/** The direction that leads from one place towards another; undefined if they are the same. */
export function towards(from: Place, to: Place): Direction | undefined {
  const x = to.x - from.x;
  const y = to.y - from.y;
  if (x === 0 && y === 0) return undefined;
  if (Math.abs(x) >= Math.abs(y)) return x < 0 ? 'left' : 'right';
  return y < 0 ? 'up' : 'down';
}

/** Where the dot of a newcomer is: somewhere, but everybody's elsewhere. */
export function startOf(id: string): Place {
  const field = Math.floor(turnOf(id.slice(12) + id.slice(0, 12)) * SIZE * SIZE);
  return { x: field % SIZE, y: Math.floor(field / SIZE) };
}

export class Board {
  readonly #own: string;
  readonly #dots = new Map<string, Dot>();
  #circle: Circle = { x: CENTRE, y: CENTRE, clock: 0, by: '' };

  constructor(own: string, now: number) {
    this.#own = own;
    this.#dots.set(own, { ...startOf(own), count: now });
  }

  get circle(): Circle {
    return this.#circle;
  }

  get dots(): ReadonlyMap<string, Dot> {
    return this.#dots;
  }

  get ownDot(): Dot {
    return this.#dots.get(this.#own) ?? { ...startOf(this.#own), count: 0 };
  }

  /** Tells of the visitor's dot anew: they have another name, which goes with it. */
  renewDot(now: number): void {
    const { x, y, count } = this.ownDot;
    this.#dots.set(this.#own, { x, y, count: Math.max(count + 1, now) });
  }

  /** Moves the circle by the visitor's hand; undefined at the edge. */
  moveCircle(direction: Direction): Circle | undefined {
    const place = stepped(this.#circle, direction);
    if (place.x === this.#circle.x && place.y === this.#circle.y) return undefined;
    this.#circle = { ...place, clock: this.#circle.clock + 1, by: this.#own };
    return this.#circle;
  }

  /** The same for the visitor's dot. `now` is only there to be greater than at an earlier visit. */
  moveDot(direction: Direction, now: number): Dot | undefined {
    const before = this.ownDot;
    const place = stepped(before, direction);
    if (place.x === before.x && place.y === before.y) return undefined;
    const dot = { ...place, count: Math.max(before.count + 1, now) };
    this.#dots.set(this.#own, dot);
    return dot;
  }

  /** Somebody has moved the circle, or tells where it is. */
  hearCircle(circle: Circle): boolean {
    if (!beats(circle, this.#circle) || circle.clock > this.#circle.clock + MOST_AHEAD) return false;
    this.#circle = circle;
    return true;
  }

  /** Somebody's dot is there now. */
  hearDot(by: string, dot: Dot): boolean {
    const before = this.#dots.get(by);
    const isFull = before === undefined && this.#dots.size >= MOST_DOTS;
    if (by === this.#own || isFull || dot.count <= (before?.count ?? -Infinity)) return false;
    this.#dots.set(by, dot);
    return true;
  }

  /** Only those who are here have a dot. */
  keep(here: ReadonlySet<string>): void {
    for (const id of this.#dots.keys()) if (id !== this.#own && !here.has(id)) this.#dots.delete(id);
  }
}

function within(value: number): number {
  return Math.min(Math.max(value, 0), SIZE - 1);
}
