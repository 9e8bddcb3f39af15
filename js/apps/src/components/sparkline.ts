import { s } from '../dom.ts';

const WIDTH = 56;
const HEIGHT = 18;
const MARGIN = 2.5;

/** Recent values as a small line, scaled to their own range; the words beside it say the number. */
export class Sparkline {
  readonly #line = s('polyline', { class: 'sparkline-line' });
  readonly #last = s('circle', { class: 'sparkline-last', r: 1.8 });
  readonly element = s(
    'svg',
    { class: 'sparkline', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true' },
    this.#line,
    this.#last,
  );

  constructor() {
    this.element.toggleAttribute('hidden', true);
  }

  show(values: readonly number[], capacity: number): void {
    const low = Math.min(...values);
    const span = Math.max(...values) - low;
    const step = (WIDTH - 2 * MARGIN) / (capacity - 1);
    const start = WIDTH - MARGIN - (values.length - 1) * step;
    const points = values.map((value, index) => {
      const share = span === 0 ? 0.5 : (value - low) / span;
      const y = HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN);
      return { x: (start + index * step).toFixed(1), y: y.toFixed(1) };
    });
    this.#line.setAttribute('points', points.map(({ x, y }) => `${x},${y}`).join(' '));
    const last = points.at(-1);
    this.element.toggleAttribute('hidden', last === undefined);
    if (last === undefined) return;
    this.#last.setAttribute('cx', last.x);
    this.#last.setAttribute('cy', last.y);
  }
}
