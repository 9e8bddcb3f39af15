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
        s('path', { class: 'story-link', d: 'M100 96L152 68M100 96L158 112M152 68L158 112' }),
        s('path', { class: 'story-introduction', d: 'M44 92V36H100V86' }),
        server(72, 22),
        peer(100, 96),
        peer(152, 68),
        peer(158, 112),
        peer(44, 102, true),
      ),
  },
  {
    title: 'Linked by the network',
    text: 'Everything else goes from browser to browser, the setting up of further links included.',
    picture: () =>
      s(
        'g',
        {},
        s('path', { class: 'story-link', d: 'M100 96L152 68M100 96L158 112M152 68L158 112' }),
        s('path', { class: 'story-link story-link-new', d: 'M44 102L100 96M44 102L152 68M44 102Q104 132 158 112' }),
        server(72, 22),
        peer(100, 96),
        peer(152, 68),
        peer(158, 112),
        peer(44, 102, true),
      ),
  },
  {
    title: 'On its own',
    text: 'When the server goes, the network stays: messages, groups and files need nobody but peers.',
    picture: () =>
      s(
        'g',
        {},
        s('path', { class: 'story-link', d: 'M100 96L152 68M100 96L158 112M152 68L158 112M44 102L100 96M44 102L152 68M44 102Q104 132 158 112' }),
        s('g', { class: 'story-gone' }, server(72, 22)),
        s('path', { class: 'story-cross', d: 'M60 12l24 20M84 12l-24 20' }),
        peer(100, 96),
        peer(152, 68),
        peer(158, 112),
        peer(44, 102, true),
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
        s('svg', { class: 'story-picture', viewBox: '14 0 172 132', 'aria-hidden': 'true' }, picture()),
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
