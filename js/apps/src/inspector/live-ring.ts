import { h, s, setText } from '../dom.ts';
import { counted, shortId } from '../format.ts';
import type { Monitored } from '../network.ts';
import type { PageContext } from '../pages.ts';
import { chordPath, pointOf } from '../ring.ts';

const SIZE = 240;
const CENTRE = SIZE / 2;
const RADIUS = 92;
/** Lines drawn at once; a busy network only refreshes them. */
const MOST_LINES = 24;
/** How long a line stays, as in the stylesheet. */
const LINE_MS = 1600;

/** The ring of ids with the connected peers on it, and every message as a line that fades. */
export class LiveRing {
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #lines = s('g', {});
  readonly #dots = s('g', {});
  readonly #caption = h('figcaption', { class: 'ring-caption' });

  constructor(context: PageContext, signal: AbortSignal) {
    this.#context = context;
    this.element = h(
      'figure',
      { class: 'ring' },
      s(
        'svg',
        { class: 'ring-drawing', viewBox: `0 0 ${SIZE} ${SIZE}`, 'aria-hidden': 'true' },
        ticks(),
        s('circle', { class: 'ring-circle', cx: CENTRE, cy: CENTRE, r: RADIUS }),
        this.#lines,
        this.#dots,
      ),
      this.#caption,
    );
    const { session } = context;
    const show = (): void => this.#show();
    session.on('peers', show, signal);
    session.on('change', show, signal);
    session.on('message', (monitored) => this.#draw(monitored), signal);
    this.#show();
  }

  #show(): void {
    const { session } = this.#context;
    const dots = session.peers.map((peer) => dot(peer, 'ring-dot', 4));
    if (session.id !== undefined) {
      dots.push(dot(session.id, 'ring-dot ring-dot-own', 6.5));
    }
    this.#dots.replaceChildren(...dots);
    setText(
      this.#caption,
      session.peers.length === 0
        ? 'The ring of ids'
        : `You and ${counted(session.peers.length, 'peer')} on the ring of ids`,
    );
  }

  #draw({ direction, message: { from, to } }: Monitored): void {
    if (document.hidden) return;
    const { id } = this.#context.session;
    // A forwarded message passed through this peer, and so does its line.
    if (direction === 'forwarded' && id !== undefined) {
      this.#line(from, id, direction);
      this.#line(id, to, direction);
    } else if (from !== '' && to !== '') {
      this.#line(from, to, direction);
    }
  }

  #line(from: string, to: string, direction: string): void {
    if (this.#lines.childElementCount >= MOST_LINES) this.#lines.firstElementChild?.remove();
    const line = s('path', {
      class: 'ring-line',
      'data-direction': direction,
      pathLength: 1,
      d: chordPath(from, to, CENTRE, RADIUS),
    });
    this.#lines.append(line);
    setTimeout(() => line.remove(), LINE_MS);
  }
}

function dot(id: string, className: string, radius: number): SVGElement {
  const place = pointOf(id, CENTRE, RADIUS);
  return s(
    'circle',
    { class: className, cx: place.x, cy: place.y, r: radius },
    s('title', {}, shortId(id)),
  );
}

/** Sixteen marks, one for each first digit of an id. */
function ticks(): SVGElement {
  const group = s('g', {});
  for (let digit = 0; digit < 16; digit += 1) {
    const name = digit.toString(16);
    const id = name.padEnd(12, '0');
    const inner = pointOf(id, CENTRE, RADIUS + 6);
    const outer = pointOf(id, CENTRE, RADIUS + 10);
    group.append(
      s('line', { class: 'ring-tick', x1: inner.x, y1: inner.y, x2: outer.x, y2: outer.y }),
    );
    if (digit % 4 !== 0) continue;
    const place = pointOf(id, CENTRE, RADIUS + 18);
    group.append(s('text', { class: 'ring-digit', x: place.x, y: place.y }, name));
  }
  return group;
}
