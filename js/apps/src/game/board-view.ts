import { h, s, uniqueId } from '../dom.ts';
import { hueOf } from '../rooms/face.ts';
import { SIZE, towards, type Direction, type Dot, type Place } from './board.ts';
import type { Piece, Play } from './play.ts';

/** A finger that has moved less than this has tapped, in CSS pixels. */
const TAP = 10;

const arrows: Readonly<Record<string, Direction>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};
/** By their place on the keyboard, whatever is written on them. */
const letters: Readonly<Record<string, Direction>> = { KeyW: 'up', KeyS: 'down', KeyA: 'left', KeyD: 'right' };

/** The black grid, the red circle and everybody's dots; keys, taps and swipes move. */
export class BoardView {
  readonly element: HTMLElement;
  readonly #play: Play;
  readonly #chosen: () => Piece;
  readonly #circle = s('circle', { class: 'board-circle', r: 0.4 });
  readonly #dots = s('g', {});
  readonly #drawn = new Map<string, SVGCircleElement>();
  /** Where a finger is, since the last step. */
  #finger: { readonly id: number; x: number; y: number; hasStepped: boolean } | undefined;

  constructor(play: Play, chosen: () => Piece, own: () => string | undefined, hint: string, signal: AbortSignal) {
    this.#play = play;
    this.#chosen = chosen;
    this.element = h(
      'div',
      {
        class: 'board',
        id: uniqueId('board'),
        // Screen readers pass the arrow keys on.
        role: 'application',
        'aria-label': `Board of ${SIZE} by ${SIZE} fields`,
        'aria-describedby': hint,
        tabindex: 0,
        onpointerdown: (event: PointerEvent) => this.#down(event),
        onpointermove: (event: PointerEvent) => this.#drag(event),
        onpointerup: (event: PointerEvent) => this.#up(event),
        onpointercancel: () => {
          this.#finger = undefined;
        },
      },
      s(
        'svg',
        { class: 'board-drawing', viewBox: `0 0 ${SIZE} ${SIZE}`, 'aria-hidden': 'true' },
        s('path', { class: 'board-lines', d: lines() }),
        this.#dots,
        this.#circle,
      ),
    );
    document.addEventListener('keydown', (event) => this.#handleKey(event), { signal });
    const show = (): void => this.#show(own());
    play.on('board', show, signal);
    play.on('players', show, signal);
    show();
  }

  #show(own: string | undefined): void {
    const { board } = this.#play;
    if (board === undefined) return;
    place(this.#circle, board.circle);
    for (const [id, drawn] of this.#drawn) {
      if (board.dots.has(id)) continue;
      drawn.remove();
      this.#drawn.delete(id);
    }
    for (const [id, dot] of board.dots) {
      const drawn = this.#drawn.get(id) ?? this.#draw(id, id === own);
      place(drawn, beside(dot, id, board.dots));
    }
  }

  #draw(id: string, isOwn: boolean): SVGCircleElement {
    const drawn = s('circle', { class: isOwn ? 'board-dot board-dot-own' : 'board-dot', r: 0.2, 'data-player': id });
    drawn.style.setProperty('--hue', String(hueOf(id)));
    this.#drawn.set(id, drawn);
    this.#dots.append(drawn);
    return drawn;
  }

  #handleKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null) return;
    const { target } = event;
    const isOurs = target === this.element || target === document.body || (target instanceof Element && target.matches('main'));
    if (!isOurs) return;
    const arrow = arrows[event.key];
    const letter = letters[event.code];
    if (arrow === undefined && letter === undefined) return;
    event.preventDefault();
    if (arrow !== undefined) this.#play.move(this.#chosen(), arrow);
    else if (letter !== undefined) this.#play.move('dot', letter);
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#finger = { id: event.pointerId, x: event.clientX, y: event.clientY, hasStepped: false };
    this.element.setPointerCapture(event.pointerId);
  }

  /** One step for each field that the finger passes. */
  #drag(event: PointerEvent): void {
    const finger = this.#finger;
    if (finger?.id !== event.pointerId) return;
    const field = this.element.clientWidth / SIZE;
    const direction = swiped(event.clientX - finger.x, event.clientY - finger.y, field);
    if (direction === undefined) return;
    finger.x = event.clientX;
    finger.y = event.clientY;
    finger.hasStepped = true;
    this.#play.move(this.#chosen(), direction);
  }

  #up(event: PointerEvent): void {
    const finger = this.#finger;
    if (finger?.id !== event.pointerId) return;
    this.#finger = undefined;
    if (finger.hasStepped) return;
    const direction =
      swiped(event.clientX - finger.x, event.clientY - finger.y, TAP) ?? this.#towards(event.clientX, event.clientY);
    if (direction !== undefined) this.#play.move(this.#chosen(), direction);
  }

  #towards(x: number, y: number): Direction | undefined {
    const { board } = this.#play;
    if (board === undefined) return undefined;
    const { left, top, width, height } = this.element.getBoundingClientRect();
    const tapped = { x: Math.floor(((x - left) / width) * SIZE), y: Math.floor(((y - top) / height) * SIZE) };
    return towards(this.#chosen() === 'circle' ? board.circle : board.ownDot, tapped);
  }
}

function swiped(x: number, y: number, least: number): Direction | undefined {
  if (Math.max(Math.abs(x), Math.abs(y)) < least) return undefined;
  return towards({ x: 0, y: 0 }, { x, y });
}

function place(drawn: SVGElement, { x, y }: Place): void {
  drawn.style.transform = `translate(${x + 0.5}px, ${y + 0.5}px)`;
}

/** Dots on the same field stand around its centre, in the order of their ids. */
function beside(dot: Dot, id: string, dots: ReadonlyMap<string, Dot>): Place {
  const here = [...dots].filter(([, { x, y }]) => x === dot.x && y === dot.y).map(([each]) => each);
  if (here.length === 1) return dot;
  const turn = (here.toSorted().indexOf(id) / here.length) * 2 * Math.PI;
  return { x: dot.x + 0.25 * Math.sin(turn), y: dot.y - 0.25 * Math.cos(turn) };
}

function lines(): string {
  let path = '';
  for (let at = 1; at < SIZE; at += 1) path += `M${at} 0v${SIZE}M0 ${at}h${SIZE}`;
  return path;
}
