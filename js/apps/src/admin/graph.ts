import { h, s, setText } from '../dom.ts';
import { ceiling, linePoints, lineText } from './lines.ts';

const AREA = { width: 300, height: 80 };

/** Five minutes, at one point every five seconds. */
const CAPACITY = 60;

export interface Line {
  readonly name: string;
  readonly kind: 'first' | 'second';
  readonly values: readonly number[];
}

/** Lines over the last minutes on a common scale from zero on, with a legend of what is now. */
export class Graph {
  readonly #show: (value: number) => string;
  readonly #lines = s('g');
  readonly #svg = s(
    'svg',
    { class: 'admin-graph-lines', role: 'img', viewBox: `0 0 ${AREA.width} ${AREA.height}`, preserveAspectRatio: 'none' },
    ...[0, 0.5, 1].map((share) =>
      s('line', { class: 'admin-graph-grid', x1: 0, x2: AREA.width, y1: share * AREA.height, y2: share * AREA.height }),
    ),
    this.#lines,
  );
  readonly #top = h('span', { class: 'admin-graph-top' });
  readonly #legend = h('p', { class: 'admin-graph-legend' });
  readonly element: HTMLElement;

  constructor(title: string, show: (value: number) => string) {
    this.#show = show;
    this.element = h(
      'figure',
      { class: 'admin-graph panel' },
      h('figcaption', { class: 'admin-graph-title' }, h('span', {}, title), this.#top),
      this.#svg,
      this.#legend,
    );
  }

  show(lines: readonly Line[]): void {
    const top = ceiling(Math.max(0, ...lines.flatMap(({ values }) => values)));
    setText(this.#top, `up to ${this.#show(top)}, last 5 min`);
    this.#lines.replaceChildren(
      ...lines.map(({ kind, values }) =>
        s('polyline', { class: `admin-line admin-line-${kind}`, points: linePoints(values, CAPACITY, top, AREA) }),
      ),
    );
    this.#svg.setAttribute('aria-label', lines.map(({ name, values }) => lineText(name, values, this.#show)).join('; '));
    this.#legend.replaceChildren(
      ...lines.map(({ name, kind, values }) =>
        h(
          'span',
          { class: 'admin-key' },
          h('span', { class: `admin-swatch admin-swatch-${kind}` }),
          `${name}: ${this.#show(values.at(-1) ?? 0)}`,
        ),
      ),
    );
  }
}
