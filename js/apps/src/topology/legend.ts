import { type Child, h, s } from '../dom.ts';

/** What dots and lines of the drawing mean; those of a ring where there is one. */
export class Legend {
  readonly #ring = [
    item(line('next'), 'next on the ring'),
    item(line('near'), 'near on the ring'),
    item(line('long'), 'long link'),
  ];
  readonly element = h(
    'ul',
    { class: 'topology-legend', role: 'list', 'aria-label': 'Legend' },
    item(dot('own'), 'you'),
    item(dot('answered'), 'answered'),
    item(dot('unasked'), 'not asked'),
    item(dot('silent'), 'no answer'),
    ...this.#ring,
  );

  show(isRing: boolean): void {
    for (const each of this.#ring) each.hidden = !isRing;
  }
}

function item(picture: Child, words: string): HTMLElement {
  return h('li', { class: 'topology-legend-item' }, picture, words);
}

export function dot(state: string): SVGSVGElement {
  return s(
    'svg',
    { class: 'topology-dot', 'data-state': state, viewBox: '0 0 14 14', 'aria-hidden': 'true' },
    s('circle', { cx: 7, cy: 7, r: state === 'own' ? 5.5 : 4.5 }),
  );
}

function line(kind: string): SVGSVGElement {
  return s(
    'svg',
    { class: 'topology-line', 'data-kind': kind, viewBox: '0 0 22 14', 'aria-hidden': 'true' },
    s('path', { d: 'M2 7h18' }),
  );
}
