import { copyText } from '../components/clipboard.ts';
import { icon } from '../components/icons.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { counted, directionWords, shortId } from '../format.ts';
import type { Direction } from '../network.ts';
import type { PageContext } from '../pages.ts';
import { directions, everything, type Filter, isEverything, toggled } from './filter.ts';
import type { MessageLog } from './log.ts';
import { directionMark } from './message-row.ts';

/** Choices of one list; in a large network nobody reads more. */
const MOST_CHOICES = 200;
/** How long after the last key a search begins. */
const PAUSE_MS = 200;

/** The search field, the choices, the directions, and a chip for each filter that is set. */
export class FilterBar {
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #log: MessageLog;
  readonly #change: (filter: Filter) => void;
  readonly #search: HTMLInputElement;
  readonly #counts = new Map<Direction, { button: HTMLElement; count: HTMLElement }>();
  readonly #chips = h('ul', { class: 'filters', role: 'list', 'aria-label': 'Filters' });
  readonly #result = h('span', { class: 'filter-result' });
  readonly #active: HTMLElement;
  #shownFilter: Filter | undefined;

  constructor(context: PageContext, log: MessageLog, change: (filter: Filter) => void, signal: AbortSignal) {
    this.#context = context;
    this.#log = log;
    this.#change = change;
    this.#search = this.#searchField(signal);
    this.#active = h(
      'div',
      { class: 'filter-active' },
      this.#chips,
      h(
        'div',
        { class: 'filter-tools' },
        this.#result,
        h(
          'button',
          {
            type: 'button',
            class: 'button button-small button-quiet',
            title: 'Copy a link to this page with these filters',
            onclick: () => void copyText(location.href, 'Link with the filters', context.toasts),
          },
          icon('link'),
          'Copy link',
        ),
        h(
          'button',
          { type: 'button', class: 'button button-small button-quiet filter-clear', onclick: () => this.#clear() },
          'Clear filters',
        ),
      ),
    );
    this.element = h(
      'div',
      { class: 'filter-bar', role: 'search', 'aria-label': 'Messages' },
      h(
        'div',
        { class: 'filter-fields' },
        this.#search,
        this.#choice('Protocol', () => this.#protocols(), (protocol) => this.#toggle('protocols', protocol)),
        this.#choice('Peer', () => this.#peers(), (peer) => this.#toggle('peers', peer)),
      ),
      h(
        'div',
        { class: 'legend', role: 'group', 'aria-label': 'Directions shown' },
        ...directions.map((direction) => this.#direction(direction)),
      ),
      this.#active,
    );
  }

  /** Shows the log's filter, and what it leaves of how much. */
  show(shown: number): void {
    const { filter } = this.#log;
    const counts = this.#log.counts();
    for (const [direction, { button, count }] of this.#counts) {
      const isShown = filter.directions.length === 0 || filter.directions.includes(direction);
      button.setAttribute('aria-pressed', String(isShown));
      setText(count, counts[direction].toLocaleString('en'));
    }
    setText(this.#result, `${shown.toLocaleString('en')} of ${counted(this.#log.count, 'message')}`);
    if (filter === this.#shownFilter) return;
    this.#shownFilter = filter;
    if (document.activeElement !== this.#search) this.#search.value = filter.text;
    this.#active.hidden = isEverything(filter);
    this.#showChips(filter);
  }

  #searchField(signal: AbortSignal): HTMLInputElement {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const search = h('input', {
      type: 'search',
      class: 'field filter-search',
      name: 'search',
      placeholder: 'Search',
      maxlength: 200,
      autocomplete: 'off',
      spellcheck: 'false',
      'aria-label': 'Search types, ids and payloads',
      oninput: () => {
        clearTimeout(timer);
        timer = setTimeout(() => this.#change({ ...this.#log.filter, text: search.value.trim() }), PAUSE_MS);
      },
    });
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    return search;
  }

  /** A list to choose from; what it offers is what was seen when it is opened. */
  #choice(name: string, offered: () => readonly HTMLElement[], choose: (value: string) => void): HTMLElement {
    const title = h('option', { value: '' }, name);
    const offer = (): void => {
      if (select.value === '') select.replaceChildren(title, ...offered());
    };
    const select = h(
      'select',
      {
        class: 'field filter-choice',
        id: uniqueId('filter'),
        'aria-label': `Only messages of a ${name.toLowerCase()}`,
        onpointerdown: offer,
        onfocus: offer,
        onchange: () => {
          const { value } = select;
          select.value = '';
          if (value !== '') choose(value);
        },
      },
      title,
    );
    return select;
  }

  #protocols(): readonly HTMLElement[] {
    const { protocols } = this.#log.filter;
    return [...this.#log.seen().protocols]
      .filter((protocol) => !protocols.includes(protocol))
      .sort()
      .slice(0, MOST_CHOICES)
      .map((protocol) => h('option', { value: protocol }, protocol));
  }

  #peers(): readonly HTMLElement[] {
    const { id: own, peers: linked } = this.#context.session;
    const { peers } = this.#log.filter;
    const isLinked = new Set(linked);
    const rank = (id: string): string => (isLinked.has(id) ? `0${id}` : `1${id}`);
    return [...this.#log.seen().peers]
      .filter((id) => id !== own && !peers.includes(id))
      .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
      .slice(0, MOST_CHOICES)
      .map((id) => h('option', { value: id }, isLinked.has(id) ? `${shortId(id)}, connected` : shortId(id)));
  }

  #direction(direction: Direction): HTMLElement {
    const count = h('span', { class: 'legend-count' }, '0');
    const button = h(
      'button',
      {
        type: 'button',
        class: 'legend-item',
        'aria-pressed': 'true',
        onclick: () => {
          const { filter } = this.#log;
          const shown = filter.directions.length === 0 ? directions : filter.directions;
          const next = directions.filter((each) => toggled(shown, direction).includes(each));
          this.#change({ ...filter, directions: next.length === directions.length ? [] : next });
        },
      },
      directionMark(direction, true),
      count,
    );
    this.#counts.set(direction, { button, count });
    return button;
  }

  #toggle(kind: 'protocols' | 'peers', value: string): void {
    const { filter } = this.#log;
    this.#change({ ...filter, [kind]: toggled(filter[kind], value) });
  }

  #clear(): void {
    this.#search.value = '';
    this.#change(everything);
    this.#search.focus();
  }

  #showChips(filter: Filter): void {
    const hadFocus = [...this.#chips.children].findIndex((chip) => chip.contains(document.activeElement));
    const chips: HTMLElement[] = [];
    if (filter.directions.length > 0) {
      const words = filter.directions.map((direction) => directionWords[direction].long).join(', ');
      chips.push(this.#chip('direction', words, words, { ...filter, directions: [] }));
    }
    for (const protocol of filter.protocols) {
      const protocols = toggled(filter.protocols, protocol);
      chips.push(this.#chip('protocol', protocol, protocol, { ...filter, protocols }));
    }
    for (const peer of filter.peers) {
      chips.push(this.#chip('peer', shortId(peer), peer, { ...filter, peers: toggled(filter.peers, peer) }));
    }
    if (filter.text !== '') {
      chips.push(this.#chip('search', `“${filter.text}”`, filter.text, { ...filter, text: '' }));
    }
    this.#chips.replaceChildren(...chips);
    if (hadFocus < 0) return;
    const next = chips[Math.min(hadFocus, chips.length - 1)]?.querySelector('button');
    (next ?? this.#search).focus();
  }

  #chip(kind: string, words: string, title: string, without: Filter): HTMLElement {
    const remove = h(
      'button',
      {
        type: 'button',
        class: 'filter-chip',
        'data-kind': kind,
        title,
        onclick: () => {
          if (kind === 'search') this.#search.value = '';
          this.#change(without);
        },
      },
      h('span', { class: 'filter-kind' }, kind),
      ' ',
      h('span', { class: 'filter-words' }, words),
      h('span', { class: 'visually-hidden' }, ', remove the filter'),
      icon('close'),
    );
    return h('li', {}, remove);
  }
}
