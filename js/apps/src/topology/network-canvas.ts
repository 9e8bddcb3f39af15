import './network.css';
import { Emitter } from '../emitter.ts';
import { h } from '../dom.ts';
import type { Monitored } from '../network.ts';
import { ColourReader } from './colours.ts';
import { listen } from './gestures.ts';
import type { Graph } from './graph.ts';
import { Layout, type LayoutName, type Node } from './layout.ts';
import { GROWTH_MS, paint, type Pulse, PULSE_MS, radiusOf } from './painter.ts';
import { fitting, isSameView, panned, type Point, type Size, toPlane, toScreen, towards, type View, zoomed } from './viewport.ts';

interface CanvasEvents {
  /** A peer was clicked, or the space between them. */
  select: string | undefined;
}

/** Room around what is fitted, for labels; less where there is little. */
const MARGIN = 44;
const RING_MARGIN = 76;
const FOLLOWING = 0.16;
/** Milliseconds of one frame for finding places, where nothing shall be seen moving. */
const BUDGET_MS = 12;
/** A finger is wider than a dot. */
const REACH = 14;
const MOST_PULSES = 60;

/** The network as a drawing; its words stand beside it. */
export class NetworkCanvas extends Emitter<CanvasEvents> {
  readonly element: HTMLElement;
  readonly canvas = h('canvas', { class: 'network-canvas', role: 'img' });
  readonly #context: CanvasRenderingContext2D | null;
  readonly #colours: ColourReader;
  readonly #layout = new Layout();
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');
  #pulses: Pulse[] = [];
  #size: Size = { width: 0, height: 0 };
  #view: View | undefined;
  /** Whether the view follows what there is, until somebody moves it. */
  #follows = true;
  #selected: string | undefined;
  #hovered: string | undefined;
  #request: number | undefined;

  constructor(signal: AbortSignal, { isInteractive = true } = {}) {
    super();
    this.#context = this.canvas.getContext('2d');
    this.#colours = new ColourReader(() => this.#refresh(), signal);
    this.element = h('div', { class: 'network' }, this.canvas, this.#colours.element);
    if (isInteractive) this.#takeGestures();
    const observer = new ResizeObserver(() => this.#resize());
    observer.observe(this.element);
    signal.addEventListener(
      'abort',
      () => {
        observer.disconnect();
        if (this.#request !== undefined) cancelAnimationFrame(this.#request);
      },
      { once: true },
    );
  }

  /** What the drawing shows, in words. */
  label(words: string): void {
    if (this.canvas.ariaLabel !== words) this.canvas.ariaLabel = words;
  }

  show(graph: Graph): void {
    this.#layout.show(graph, performance.now());
    if (this.#hovered !== undefined && !graph.byId.has(this.#hovered)) this.#hovered = undefined;
    this.#pulses = this.#pulses.filter(({ from, to }) => graph.byId.has(from.id) && graph.byId.has(to.id));
    this.#refresh();
  }

  select(id: string | undefined): void {
    this.#selected = id;
    this.#refresh();
  }

  useLayout(name: LayoutName): void {
    this.#layout.use(name);
    this.fit();
  }

  fit(): void {
    this.#follows = true;
    this.#refresh();
  }

  zoom(factor: number, at: Point = { x: this.#size.width / 2, y: this.#size.height / 2 }): void {
    if (this.#view === undefined) return;
    this.#follows = false;
    this.#view = zoomed(this.#view, factor, at);
    this.#refresh();
  }

  /** Lets a message be seen on its way, as far as it is known between whom. */
  pulse({ direction, message: { from, to } }: Monitored): void {
    if (this.#still.matches || document.hidden || this.#pulses.length >= MOST_PULSES) return;
    const [start, end] = [this.#layout.node(from), this.#layout.node(to)];
    if (start === undefined || end === undefined || start === end) return;
    this.#pulses.push({ from: start, to: end, direction, since: performance.now() });
    this.#refresh();
  }

  #takeGestures(): void {
    this.canvas.tabIndex = 0;
    this.canvas.classList.add('network-live');
    let held: Node | undefined;
    listen(this.canvas, {
      pan: (x, y) => {
        if (this.#view === undefined) return;
        this.#follows = false;
        this.#view = panned(this.#view, x, y);
        this.#refresh();
      },
      zoom: (factor, at) => this.zoom(factor, at),
      grab: (at) => {
        held = this.#layout.name === 'force' ? this.#nodeAt(at) : undefined;
        return held !== undefined;
      },
      drag: (at) => {
        if (held === undefined || this.#view === undefined) return;
        // Following what is dragged would carry it away from under the hand.
        this.#follows = false;
        this.#layout.hold(held, toPlane(at, this.#view));
        this.#refresh();
      },
      release: () => this.#layout.hold((held = undefined)),
      click: (at) => this.emit('select', this.#nodeAt(at)?.id),
      hover: (at) => {
        const id = at === undefined ? undefined : this.#nodeAt(at)?.id;
        if (id === this.#hovered) return;
        this.#hovered = id;
        this.canvas.style.cursor = id === undefined ? '' : 'pointer';
        this.#refresh();
      },
      fit: () => this.fit(),
    });
  }

  #nodeAt(at: Point): Node | undefined {
    const view = this.#view;
    if (view === undefined) return undefined;
    let nearest: Node | undefined;
    let least = Infinity;
    for (const node of this.#layout.nodes) {
      const { x, y } = toScreen(node, view);
      const distance = Math.hypot(x - at.x, y - at.y);
      if (distance < least && distance < Math.max(radiusOf(node, view) + 4, REACH)) {
        nearest = node;
        least = distance;
      }
    }
    return nearest;
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0 || height === 0) return;
    const ratio = devicePixelRatio;
    this.#size = { width, height };
    this.#layout.shape(width, height);
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.#context?.setTransform(ratio, 0, 0, ratio, 0, 0);
    // Another size has emptied the canvas: to wait for a frame would let it flicker.
    this.#frame(performance.now());
  }

  #refresh(): void {
    this.#request ??= requestAnimationFrame((now) => {
      this.#request = undefined;
      this.#frame(now);
    });
  }

  #frame(now: number): void {
    const context = this.#context;
    if (context === null || this.#size.width === 0) return;
    const isStill = this.#still.matches;
    this.#step(isStill);
    if (isStill && !this.#layout.isSettled && this.#layout.nodes.length > 1) {
      this.#tellBusy(true);
      this.#refresh();
      return;
    }
    const isThere = this.#follow(isStill);
    this.#pulses = this.#pulses.filter(({ since }) => now - since < PULSE_MS);
    const node = (id: string | undefined): Node | undefined =>
      id === undefined ? undefined : this.#layout.node(id);
    paint(context, {
      layout: this.#layout,
      view: this.#view ?? { scale: 1, x: 0, y: 0 },
      size: this.#size,
      colours: this.#colours.colours,
      selected: node(this.#selected),
      hovered: node(this.#hovered),
      pulses: this.#pulses,
      now,
      moves: !isStill,
    });
    this.#tellBusy(!isThere || !this.#layout.isSettled);
    const grows = !isStill && this.#layout.nodes.some(({ since }) => now - since < GROWTH_MS);
    if (!isThere || grows || this.#pulses.length > 0 || !this.#layout.isSettled) this.#refresh();
  }

  /** What still moves is not yet what it will be. */
  #tellBusy(isBusy: boolean): void {
    const value = String(isBusy);
    if (this.canvas.ariaBusy !== value) this.canvas.ariaBusy = value;
  }

  /** Where no motion is wanted, places are found first, and shown then. */
  #step(isStill: boolean): void {
    const end = performance.now() + BUDGET_MS;
    do this.#layout.step();
    while (isStill && !this.#layout.isSettled && performance.now() < end);
  }

  /** Moves the view on to all that there is; whether it has come there. */
  #follow(isStill: boolean): boolean {
    if (!this.#follows && this.#view !== undefined) return true;
    const { width, height } = this.#size;
    // Around the ring there are labels on all sides.
    const margin = this.#layout.name === 'ring' ? Math.min(RING_MARGIN, width / 5, height / 6) : Math.min(MARGIN, width / 8, height / 8);
    const target = fitting(this.#layout.box, this.#size, margin);
    if (this.#view === undefined || isStill || isSameView(this.#view, target, this.#size)) {
      this.#view = target;
      return true;
    }
    this.#view = towards(this.#view, target, FOLLOWING);
    return false;
  }
}
