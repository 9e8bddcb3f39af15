import { h, s } from '../dom.ts';

interface Step {
  readonly title: string;
  readonly text: string;
  readonly picture: () => SVGElement;
}

/** The life of a network in three pictures. */
const steps: readonly Step[] = [
  {
    title: 'Introduced once',
    text: 'The server delivers the page, and hands a newcomer’s offer to one peer of the network.',
    picture: () =>
      s(
        'g',
        {},
        s('path', { class: 'story-link', d: 'M100 92L160 62M100 92L166 112M160 62L166 112' }),
        s('path', { class: 'story-introduction', d: 'M38 92V22H68M100 38V82' }),
        server(100, 22),
        peer(100, 92),
        peer(160, 62),
        peer(166, 112),
        peer(38, 104, true),
      ),
  },
  {
    title: 'Linked by the network',
    text: 'Everything else goes from browser to browser, the setting up of further links included.',
    picture: () =>
      s(
        'g',
        {},
        s('path', { class: 'story-link', d: 'M100 92L160 62M100 92L166 112M160 62L166 112' }),
        s('path', { class: 'story-link story-link-new', d: 'M38 104L100 92M38 104Q84 62 160 62M38 104Q104 132 166 112' }),
        server(100, 22),
        peer(100, 92),
        peer(160, 62),
        peer(166, 112),
        peer(38, 104, true),
      ),
  },
  {
    title: 'On its own',
    text: 'When the server goes, the network stays: messages, groups and files need nobody but peers.',
    picture: () =>
      s(
        'g',
        {},
        s('path', { class: 'story-link', d: 'M100 92L160 62M100 92L166 112M160 62L166 112M38 104L100 92M38 104Q84 62 160 62M38 104Q104 132 166 112' }),
        s('g', { class: 'story-gone' }, server(100, 22)),
        s('path', { class: 'story-cross', d: 'M88 12l24 20M112 12l-24 20' }),
        peer(100, 92),
        peer(160, 62),
        peer(166, 112),
        peer(38, 104, true),
      ),
  },
];

/** How a network comes about, and goes on, as pictures with their words. */
export function story(): HTMLElement {
  return h(
    'ol',
    { class: 'story', role: 'list' },
    ...steps.map(({ title, text, picture }, index) =>
      h(
        'li',
        { class: 'story-step' },
        s('svg', { class: 'story-picture', viewBox: '0 2 200 128', 'aria-hidden': 'true' }, picture()),
        h('h3', {}, `${index + 1}. ${title}`),
        h('p', {}, text),
      ),
    ),
  );
}

function server(x: number, y: number): SVGElement {
  return s(
    'g',
    {},
    s('rect', { class: 'story-server', x: x - 30, y: y - 14, width: 60, height: 28, rx: 5 }),
    s('text', { class: 'story-label', x, y: y + 0.5 }, 'server'),
  );
}

function peer(x: number, y: number, own = false): SVGElement {
  return s('circle', { class: own ? 'story-peer story-peer-own' : 'story-peer', cx: x, cy: y, r: own ? 10 : 8 });
}
