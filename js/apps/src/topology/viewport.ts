/** Which part of the plane a canvas shows, and how large; pure. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A place of the plane is shown at place × scale + offset, in CSS pixels. */
export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const SMALLEST_SCALE = 0.05;
export const LARGEST_SCALE = 8;
/** A few peers shall not fill the canvas with dots as large as plates. */
const LARGEST_FIT = 2;

export function toScreen({ x, y }: Point, view: View): Point {
  return { x: x * view.scale + view.x, y: y * view.scale + view.y };
}

export function toPlane({ x, y }: Point, view: View): Point {
  return { x: (x - view.x) / view.scale, y: (y - view.y) / view.scale };
}

export function panned(view: View, x: number, y: number): View {
  return { ...view, x: view.x + x, y: view.y + y };
}

/** Larger or smaller by a factor, with the place under `at` kept where it is. */
export function zoomed(view: View, factor: number, at: Point): View {
  const scale = Math.min(Math.max(view.scale * factor, SMALLEST_SCALE), LARGEST_SCALE);
  const real = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * real, y: at.y - (at.y - view.y) * real };
}

/** All of the box in the middle of the canvas, with a margin in CSS pixels. */
export function fitting(box: Box, size: Size, margin: number): View {
  const width = Math.max(box.right - box.left, 1);
  const height = Math.max(box.bottom - box.top, 1);
  const room = (length: number): number => Math.max(length - 2 * margin, 1);
  const wanted = Math.min(room(size.width) / width, room(size.height) / height, LARGEST_FIT);
  const scale = Math.max(wanted, SMALLEST_SCALE);
  return {
    scale,
    x: size.width / 2 - ((box.left + box.right) / 2) * scale,
    y: size.height / 2 - ((box.top + box.bottom) / 2) * scale,
  };
}

/** A step from one view towards another; `share` of the way. */
export function towards(from: View, to: View, share: number): View {
  const part = (a: number, b: number): number => a + (b - a) * share;
  return { scale: part(from.scale, to.scale), x: part(from.x, to.x), y: part(from.y, to.y) };
}

/** Whether two views can't be told apart on a screen of this size. */
export function isSameView(a: View, b: View, size: Size): boolean {
  const zoom = Math.abs(a.scale - b.scale) * Math.max(size.width, size.height);
  return zoom < 0.5 && Math.abs(a.x - b.x) < 0.5 && Math.abs(a.y - b.y) < 0.5;
}
