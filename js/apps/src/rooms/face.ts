import { h } from '../dom.ts';
import { turnOf } from '../ring.ts';

/** The colour of a peer, in degrees: where its id lies on the ring. */
export function hueOf(id: string): number {
  return Math.round(turnOf(id) * 360);
}

/** A peer's colour with its name's first letter; decoration, as the name stands beside it. */
export function face(id: string, name: string): HTMLElement {
  const [letter = '?'] = name;
  const element = h('span', { class: 'face', 'aria-hidden': 'true' }, letter.toUpperCase());
  element.style.setProperty('--hue', String(hueOf(id)));
  return element;
}
