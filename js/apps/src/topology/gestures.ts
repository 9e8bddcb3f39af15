import type { Point } from './viewport.ts';

/** What a hand, a wheel or a key asks for; places are in CSS pixels of the canvas. */
export interface Gestures {
  pan(x: number, y: number): void;
  zoom(factor: number, at: Point): void;
  /** Something is pressed; true if it can be dragged. */
  grab(at: Point): boolean;
  drag(at: Point): void;
  release(): void;
  click(at: Point): void;
  hover(at: Point | undefined): void;
  fit(): void;
}

/** Pixels that a hand may shake in a click. */
const SHAKE = 5;
const KEY_PAN = 60;
const KEY_ZOOM = 1.25;
/** A wheel's turn by 100 pixels zooms by a fifth. */
const WHEEL_ZOOM = 0.0018;

/** Listens to mouse, touch, pen, wheel and keys on an element. */
export function listen(element: HTMLElement, gestures: Gestures): void {
  const pointers = new Map<number, Point>();
  let start: Point | undefined;
  let isDragging = false;
  let hasMoved = false;

  const place = (event: MouseEvent): Point => {
    const { left, top } = element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const middle = (): Point => ({ x: element.clientWidth / 2, y: element.clientHeight / 2 });
  const letGo = (): void => {
    if (isDragging) gestures.release();
    isDragging = false;
  };

  element.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    const at = place(event);
    pointers.set(event.pointerId, at);
    if (pointers.size > 1) {
      // The second finger makes it a pinch.
      hasMoved = true;
      letGo();
      return;
    }
    start = at;
    hasMoved = false;
    isDragging = gestures.grab(at);
  });

  element.addEventListener('pointermove', (event) => {
    const before = pointers.get(event.pointerId);
    const at = place(event);
    if (before === undefined) {
      if (event.pointerType !== 'touch') gestures.hover(at);
      return;
    }
    const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    pointers.set(event.pointerId, at);
    if (other !== undefined) {
      pinch(gestures, before, at, other);
      return;
    }
    if (!hasMoved && start !== undefined && Math.hypot(at.x - start.x, at.y - start.y) < SHAKE) return;
    hasMoved = true;
    if (isDragging) gestures.drag(at);
    else gestures.pan(at.x - before.x, at.y - before.y);
  });

  const end = (event: PointerEvent): void => {
    const at = pointers.get(event.pointerId);
    if (!pointers.delete(event.pointerId) || at === undefined) return;
    letGo();
    if (event.type === 'pointerup' && !hasMoved && pointers.size === 0) gestures.click(at);
  };
  element.addEventListener('pointerup', end);
  element.addEventListener('pointercancel', end);
  element.addEventListener('pointerleave', () => gestures.hover(undefined));

  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * 30;
      // Touchpads say their pinches as small turns with Ctrl held.
      gestures.zoom(Math.exp(-pixels * WHEEL_ZOOM * (event.ctrlKey ? 6 : 1)), place(event));
    },
    { passive: false },
  );

  element.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => gestures.pan(KEY_PAN, 0),
      ArrowRight: () => gestures.pan(-KEY_PAN, 0),
      ArrowUp: () => gestures.pan(0, KEY_PAN),
      ArrowDown: () => gestures.pan(0, -KEY_PAN),
      '+': () => gestures.zoom(KEY_ZOOM, middle()),
      '=': () => gestures.zoom(KEY_ZOOM, middle()),
      '-': () => gestures.zoom(1 / KEY_ZOOM, middle()),
      '0': () => gestures.fit(),
      Home: () => gestures.fit(),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}

/** Two fingers zoom by their distance, and pan by what lies between them. */
function pinch(gestures: Gestures, before: Point, at: Point, other: Point): void {
  const distance = (point: Point): number => Math.hypot(point.x - other.x, point.y - other.y);
  gestures.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
  if (distance(before) > 1) {
    const between = { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 };
    gestures.zoom(distance(at) / distance(before), between);
  }
}
