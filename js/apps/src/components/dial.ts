import { s } from '../dom.ts';
import { chordPath, pointOf } from '../ring.ts';

const CENTRE = 10;
const RADIUS = 7.5;

/** A small ring with a dot where the id lies on it: a peer's face. */
export function dial(id: string, own = false): SVGSVGElement {
  const place = pointOf(id, CENTRE, RADIUS);
  return s(
    'svg',
    { class: own ? 'dial dial-own' : 'dial', viewBox: '0 0 20 20', 'aria-hidden': 'true' },
    s('circle', { class: 'dial-ring', cx: CENTRE, cy: CENTRE, r: RADIUS }),
    s('circle', { class: 'dial-dot', cx: place.x, cy: place.y, r: 2.6 }),
  );
}

/** A small ring with the line from sender to receiver: a message's face. */
export function chord(from: string, to: string): SVGSVGElement {
  const end = pointOf(to, CENTRE, RADIUS);
  return s(
    'svg',
    { class: 'chord', viewBox: '0 0 20 20', 'aria-hidden': 'true' },
    s('circle', { class: 'dial-ring', cx: CENTRE, cy: CENTRE, r: RADIUS }),
    s('path', { class: 'chord-line', d: chordPath(from, to, CENTRE, RADIUS) }),
    s('circle', { class: 'chord-end', cx: end.x, cy: end.y, r: 2.2 }),
  );
}
