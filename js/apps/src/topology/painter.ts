import { shortId } from '../format.ts';
import type { Direction } from '../network.ts';
import { turnOf } from '../ring.ts';
import type { Colours } from './colours.ts';
import type { LinkKind } from './graph.ts';
import type { Layout, Link, Node } from './layout.ts';
import { type Point, type Size, toScreen, type View } from './viewport.ts';

/** A message on its way along a link. */
export interface Pulse {
  readonly from: Node;
  readonly to: Node;
  readonly direction: Direction;
  readonly since: number;
}

/** What there is to be painted, and how it is looked at. */
export interface Picture {
  readonly layout: Layout;
  readonly view: View;
  readonly size: Size;
  readonly colours: Colours;
  readonly selected: Node | undefined;
  readonly hovered: Node | undefined;
  readonly pulses: readonly Pulse[];
  readonly now: number;
  /** Whether what is new grows. */
  readonly moves: boolean;
}

/** How long a message is on its way, and how long a new peer grows, in ms. */
export const PULSE_MS = 750;
export const GROWTH_MS = 350;

const RADIUS = 6.5;
const OWN_RADIUS = 10;
/** The least area per label, in square pixels. */
const LABEL_AREA = 8000;
const LABEL_SIZE = 11;
/** Long links bend towards the middle of the ring. */
const BEND = 0.35;
const KINDS: readonly LinkKind[] = ['long', 'near', 'next'];
const WIDTHS: Readonly<Record<LinkKind, number>> = { long: 1, near: 1.1, next: 2.2 };
/** From so many links on, each is paler. */
const CROWD = 400;

/** Radius of a peer's dot on the screen, in CSS pixels. */
export function radiusOf(node: Node, view: View): number {
  const size = Math.min(Math.max(Math.sqrt(view.scale), 0.45), 1.6);
  return (node.peer.state === 'own' ? OWN_RADIUS : RADIUS) * size;
}

/** Paints one frame; the context is scaled to CSS pixels. */
export function paint(context: CanvasRenderingContext2D, picture: Picture): void {
  const { size, layout, selected, hovered } = picture;
  context.clearRect(0, 0, size.width, size.height);
  if (layout.name === 'ring') paintCircle(context, picture);
  const focus = selected ?? hovered;
  const isFocussed = ({ source, target }: Link): boolean => source === focus || target === focus;
  const crowd = layout.links.length > CROWD ? 0.45 : 0.85;
  if (focus === undefined) {
    paintLinks(context, picture, layout.links, crowd);
  } else {
    paintLinks(context, picture, layout.links.filter((link) => !isFocussed(link)), crowd * 0.3);
    paintLinks(context, picture, layout.links.filter(isFocussed), 1);
  }
  for (const pulse of picture.pulses) paintPulse(context, picture, pulse);
  const isAbove = (node: Node): boolean => node.peer.state === 'own' || node === selected || node === hovered;
  for (const node of layout.nodes) if (!isAbove(node)) paintNode(context, picture, node);
  for (const node of layout.nodes) if (isAbove(node)) paintNode(context, picture, node);
  paintLabels(context, picture);
}

function paintCircle(context: CanvasRenderingContext2D, { layout, view, colours }: Picture): void {
  const centre = toScreen({ x: 0, y: 0 }, view);
  const radius = layout.radius * view.scale;
  context.strokeStyle = colours.circle;
  context.lineWidth = 1.5;
  context.beginPath();
  context.arc(centre.x, centre.y, radius, 0, 2 * Math.PI);
  context.stroke();
  // One mark for each first digit of an id, inside, where no label is.
  context.fillStyle = colours.muted;
  context.font = `500 ${LABEL_SIZE}px ${colours.mono}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (let digit = 0; digit < 16; digit += 1) {
    const angle = (digit / 16) * 2 * Math.PI;
    const at = (distance: number): Point => ({
      x: centre.x + distance * Math.sin(angle),
      y: centre.y - distance * Math.cos(angle),
    });
    const [inner, outer] = [at(radius - 5), at(radius)];
    context.beginPath();
    context.moveTo(inner.x, inner.y);
    context.lineTo(outer.x, outer.y);
    context.stroke();
    if (digit % 4 === 0) {
      const { x, y } = at(radius - 17);
      context.fillText(digit.toString(16), x, y);
    }
  }
}

/** One path for all links of a kind: thousands of single ones would be slow. */
function paintLinks(
  context: CanvasRenderingContext2D,
  picture: Picture,
  links: readonly Link[],
  opacity: number,
): void {
  const { layout, view, colours } = picture;
  const isRing = layout.name === 'ring';
  const centre = toScreen({ x: 0, y: 0 }, view);
  const radius = layout.radius * view.scale;
  context.globalAlpha = opacity;
  for (const kind of KINDS) {
    context.strokeStyle = colours[kind];
    context.lineWidth = WIDTHS[kind] * Math.min(Math.max(view.scale, 0.6), 1.5);
    context.beginPath();
    for (const link of links) {
      if (link.kind !== kind) continue;
      const from = toScreen(link.source, view);
      const to = toScreen(link.target, view);
      context.moveTo(from.x, from.y);
      if (isRing && kind === 'long') {
        const { x, y } = bend(from, to, centre);
        context.quadraticCurveTo(x, y, to.x, to.y);
      } else if (isRing && kind === 'next' && layout.isSettled) {
        const [start, end] = [angleOf(link.source.id), angleOf(link.target.id)];
        const isBackwards = (end - start + 2 * Math.PI) % (2 * Math.PI) > Math.PI;
        context.arc(centre.x, centre.y, radius, start, end, isBackwards);
      } else {
        context.lineTo(to.x, to.y);
      }
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** As a canvas measures angles: from the right, clockwise. */
function angleOf(id: string): number {
  return turnOf(id) * 2 * Math.PI - Math.PI / 2;
}

function bend(from: Point, to: Point, centre: Point): Point {
  const pull = (a: number, b: number, middle: number): number => middle + ((a + b) / 2 - middle) * BEND;
  return { x: pull(from.x, to.x, centre.x), y: pull(from.y, to.y, centre.y) };
}

function paintPulse(context: CanvasRenderingContext2D, picture: Picture, pulse: Pulse): void {
  const { view, colours, now, layout } = picture;
  const share = Math.min(Math.max((now - pulse.since) / PULSE_MS, 0), 1);
  const from = toScreen(pulse.from, view);
  const to = toScreen(pulse.to, view);
  const middle =
    layout.name === 'ring' ? bend(from, to, toScreen({ x: 0, y: 0 }, view)) : { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const along = (a: number, b: number, c: number): number =>
    (1 - share) ** 2 * a + 2 * share * (1 - share) * b + share ** 2 * c;
  context.globalAlpha = 1 - share ** 4;
  context.fillStyle = colours[pulse.direction];
  context.strokeStyle = colours.ground;
  context.lineWidth = 1.5;
  context.beginPath();
  context.arc(along(from.x, middle.x, to.x), along(from.y, middle.y, to.y), 4, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
  context.globalAlpha = 1;
}

function paintNode(context: CanvasRenderingContext2D, picture: Picture, node: Node): void {
  const { view, colours, selected, hovered, moves, now } = picture;
  const { x, y } = toScreen(node, view);
  const growth = moves ? Math.min((now - node.since) / GROWTH_MS, 1) : 1;
  const radius = radiusOf(node, view) * (1 - (1 - growth) ** 3);
  const circle = (at: number): void => {
    context.beginPath();
    context.arc(x, y, Math.max(at, 0), 0, 2 * Math.PI);
  };
  if (node === selected || node === hovered) {
    circle(radius + 5);
    context.globalAlpha = node === selected ? 1 : 0.6;
    context.strokeStyle = colours.select;
    context.lineWidth = node === selected ? 2.5 : 1.5;
    context.stroke();
    context.globalAlpha = 1;
  }
  circle(radius);
  switch (node.peer.state) {
    case 'own':
    case 'answered':
      context.fillStyle = node.peer.state === 'own' ? colours.own : colours.peer;
      context.fill();
      context.strokeStyle = node.peer.state === 'own' ? colours.ownEdge : colours.ground;
      context.lineWidth = 2;
      context.stroke();
      break;
    case 'unasked':
    case 'silent':
      context.fillStyle = colours.ground;
      context.fill();
      context.strokeStyle = node.peer.state === 'unasked' ? colours.peer : colours.muted;
      context.lineWidth = 1.8;
      if (node.peer.state === 'silent') context.setLineDash([2.5, 2.5]);
      context.stroke();
      context.setLineDash([]);
      break;
  }
}

interface Taken {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** Ids beside their dots, as far as there is room; who is looked at comes first. */
function paintLabels(context: CanvasRenderingContext2D, picture: Picture): void {
  const { layout, view, size, colours, selected, hovered } = picture;
  const isSeen = (node: Node): boolean => {
    const { x, y } = toScreen(node, view);
    return x > -20 && y > -20 && x < size.width + 20 && y < size.height + 20;
  };
  const first = layout.nodes.filter((node) => node === selected || node === hovered || node.peer.state === 'own');
  const seen = layout.nodes.filter(isSeen);
  const others = seen.length * LABEL_AREA > size.width * size.height ? [] : seen;
  const taken: Taken[] = [];
  context.lineJoin = 'round';
  context.lineWidth = 3.5;
  context.strokeStyle = colours.ground;
  context.textBaseline = 'middle';
  for (const node of new Set([...first, ...others])) {
    const isOwn = node.peer.state === 'own';
    const text = isOwn ? 'you' : shortId(node.id);
    context.font = `${isOwn || node === selected ? 700 : 500} ${LABEL_SIZE}px ${colours.mono}`;
    const width = context.measureText(text).width;
    const isFree = ({ x, y }: Point): boolean =>
      taken.every(
        (other) => Math.abs(other.y - y) > LABEL_SIZE + 1 || Math.abs(other.x - x) > (other.width + width) / 2 + 4,
      );
    const wanted = labelPlace(node, picture, width);
    // Who is looked at has a label in any case, a line further up or down if need be.
    const shifts = first.includes(node) ? [0, LABEL_SIZE + 3, -LABEL_SIZE - 3] : [0];
    const places = shifts.map((shift) => ({ x: wanted.x, y: wanted.y + shift }));
    const place = places.find(isFree) ?? (first.includes(node) ? wanted : undefined);
    if (place === undefined) continue;
    taken.push({ ...place, width });
    context.textAlign = 'center';
    context.strokeText(text, place.x, place.y);
    context.fillStyle = isOwn ? colours.select : colours.text;
    context.fillText(text, place.x, place.y);
  }
}

/** The middle of a label: below its dot, or outside the ring. */
function labelPlace(node: Node, { layout, view, size }: Picture, width: number): Point {
  const { x, y } = toScreen(node, view);
  const gap = radiusOf(node, view) + 5;
  const inside = (at: number): number => Math.min(Math.max(at, width / 2 + 3), size.width - width / 2 - 3);
  if (layout.name !== 'ring') return { x: inside(x), y: y + gap + LABEL_SIZE / 2 };
  const angle = turnOf(node.id) * 2 * Math.PI;
  return {
    x: inside(x + (gap + width / 2) * Math.sin(angle)),
    y: y - (gap + LABEL_SIZE / 2) * Math.cos(angle),
  };
}
