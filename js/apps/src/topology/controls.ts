import { h, setText, uniqueId } from '../dom.ts';
import type { PageContext } from '../pages.ts';
import type { Explorer } from './explorer.ts';
import type { LayoutName } from './layout.ts';
import { graphWords } from './words.ts';

type Option = readonly [value: string, text: string];

const INTERVALS: readonly Option[] = [
  ['2', '2 s'],
  ['5', '5 s'],
  ['10', '10 s'],
  ['30', '30 s'],
];
const DEPTHS: readonly Option[] = [
  ['1', '1 link'],
  ['2', '2 links'],
  ['3', '3 links'],
  ['4', '4 links'],
  ['99', 'no end'],
];
const COUNTS: readonly Option[] = [
  ['50', '50 peers'],
  ['100', '100 peers'],
  ['250', '250 peers'],
  ['500', '500 peers'],
];
const LAYOUTS: readonly (readonly [LayoutName, string, string])[] = [
  ['force', 'Forces', 'Linked peers draw each other near'],
  ['ring', 'Ring', 'Peers on a circle, by their ids'],
];

/** The report's buttons (5.2.2), how far requests go, and how the graph is laid out. */
export function controls(
  { session, announcer }: PageContext,
  explorer: Explorer,
  actions: { readonly reset: () => void; readonly useLayout: (name: LayoutName) => void },
  signal: AbortSignal,
): HTMLElement {
  const send = h(
    'button',
    {
      type: 'button',
      class: 'button button-small button-primary',
      title: 'Ask the linked peers for their links, and those for theirs, as far as chosen',
      onclick: async () => {
        if (explorer.isAsking) return;
        await explorer.sendRequest();
        announcer.say(`The answers are in: ${graphWords(explorer.graph)}`);
      },
    },
    'Send Request',
  );
  const repeat = h('button', {
    type: 'button',
    class: 'button button-small',
    onclick: () => {
      if (explorer.isRepeating) explorer.stopInterval();
      else explorer.startInterval(Number(every.value));
    },
  });
  const every = choice(INTERVALS, '5', () => {
    if (explorer.isRepeating) explorer.startInterval(Number(every.value));
  });
  const reset = h(
    'button',
    {
      type: 'button',
      class: 'button button-small',
      title: 'Forget all that was learned',
      onclick: () => {
        actions.reset();
        announcer.say('All that was learned is forgotten');
      },
    },
    'Reset',
  );
  const depth = choice(DEPTHS, String(explorer.bounds.depth), bound);
  const count = choice(COUNTS, String(explorer.bounds.peers), bound);
  function bound(): void {
    explorer.bounds = { depth: Number(depth.value), peers: Number(count.value) };
  }

  const show = (): void => {
    send.setAttribute('aria-disabled', String(explorer.isAsking || session.node === undefined));
    setText(repeat, explorer.isRepeating ? 'Stop Interval' : 'Start Interval');
    repeat.classList.toggle('is-running', explorer.isRepeating);
  };
  explorer.on('activity', show, signal);
  session.on('change', show, signal);
  show();

  return h(
    'div',
    { class: 'topology-controls', role: 'group', 'aria-label': 'Requests and layout' },
    h('div', { class: 'control-group' }, send, repeat, labelled('every', every), reset),
    h('div', { class: 'control-group' }, labelled('as far as', depth), labelled('at most', count)),
    layoutSwitch(actions.useLayout),
  );
}

function choice(options: readonly Option[], chosen: string, onchange: () => void): HTMLSelectElement {
  return h(
    'select',
    { class: 'select', id: uniqueId('choice'), onchange },
    ...options.map(([value, text]) => h('option', { value, selected: value === chosen }, text)),
  );
}

function labelled(words: string, field: HTMLSelectElement): HTMLElement {
  return h('span', { class: 'control' }, h('label', { for: field.id }, words), field);
}

function layoutSwitch(use: (name: LayoutName) => void): HTMLElement {
  const buttons = LAYOUTS.map(([name, text, title], index) =>
    h(
      'button',
      {
        type: 'button',
        class: 'button button-small',
        'aria-pressed': String(index === 0),
        title,
        onclick: (event: MouseEvent) => {
          for (const button of buttons) button.setAttribute('aria-pressed', String(button === event.currentTarget));
          use(name);
        },
      },
      text,
    ),
  );
  return h('div', { class: 'control-group segmented', role: 'group', 'aria-label': 'Layout' }, ...buttons);
}
