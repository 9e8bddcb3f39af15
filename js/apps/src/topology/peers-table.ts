import { h, setText, uniqueId } from '../dom.ts';
import { shortId } from '../format.ts';
import type { Graph, GraphPeer } from './graph.ts';
import { dot } from './legend.ts';
import { stateWords } from './words.ts';

/** Rows take longer than a drawing; so long they may be behind it, in ms. */
const BEHIND_MS = 300;

interface Row {
  readonly element: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly links: HTMLElement;
  readonly away: HTMLElement;
  readonly state: HTMLElement;
}

/** The graph as a table, for eyes, keyboards and screen readers alike. */
export class PeersTable {
  readonly element: HTMLElement;
  readonly #choose: (id: string) => void;
  readonly #body = h('tbody', {});
  readonly #empty = h('p', { class: 'empty' });
  readonly #rows = new Map<string, Row>();
  #graph: Graph | undefined;
  #chosen: string | undefined;
  #waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(choose: (id: string) => void, signal: AbortSignal) {
    this.#choose = choose;
    const title = uniqueId('table-title');
    const column = (text: string, numeric = false): HTMLElement =>
      h('th', { scope: 'col', class: numeric ? 'numeric' : undefined }, text);
    this.element = h(
      'section',
      { class: 'panel panel-table', 'aria-labelledby': title },
      h('div', { class: 'panel-head' }, h('h2', { id: title }, 'Peers')),
      h(
        'div',
        { class: 'panel-scroll' },
        h(
          'table',
          { class: 'peers-table', 'aria-labelledby': title },
          h('thead', {}, h('tr', {}, column('Peer'), column('Links', true), column('Away', true), column('Asked'))),
          this.#body,
        ),
        this.#empty,
      ),
    );
    signal.addEventListener('abort', () => clearTimeout(this.#waiting), { once: true });
  }

  /** `empty` says why nobody else is there. */
  show(graph: Graph, empty: string | undefined): void {
    this.#empty.hidden = empty === undefined;
    setText(this.#empty, empty ?? '');
    const isFirst = this.#graph === undefined || this.#rows.size === 0;
    this.#graph = graph;
    if (isFirst) this.#update();
    else this.#waiting ??= setTimeout(() => this.#update(), BEHIND_MS);
  }

  mark(id: string | undefined): void {
    if (this.#chosen !== undefined) this.#rows.get(this.#chosen)?.button.removeAttribute('aria-current');
    this.#chosen = id;
    const row = id === undefined ? undefined : this.#rows.get(id);
    row?.button.setAttribute('aria-current', 'true');
    row?.element.scrollIntoView({ block: 'nearest' });
  }

  #update(): void {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    const graph = this.#graph;
    if (graph === undefined) return;
    for (const [id, row] of this.#rows) {
      if (graph.byId.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    const far = (peer: GraphPeer): number => peer.distance ?? Infinity;
    const peers = [...graph.peers].sort((a, b) => far(a) - far(b) || (a.id < b.id ? -1 : 1));
    peers.forEach((peer, index) => {
      const row = this.#rows.get(peer.id) ?? this.#add(peer);
      setText(row.links, peer.linked.length.toLocaleString('en'));
      setText(row.away, peer.distance === undefined ? '?' : String(peer.distance));
      if (row.element.dataset['state'] !== peer.state) {
        row.element.dataset['state'] = peer.state;
        row.state.replaceChildren(dot(peer.state), stateWords(peer));
      }
      // Moving a row that is in place already would take the focus from it.
      const there = this.#body.children[index];
      if (there !== row.element) this.#body.insertBefore(row.element, there ?? null);
    });
  }

  #add({ id }: GraphPeer): Row {
    const button = h(
      'button',
      { type: 'button', class: 'id-button', title: id, onclick: () => this.#choose(id) },
      shortId(id),
    );
    if (id === this.#chosen) button.setAttribute('aria-current', 'true');
    const links = h('td', { class: 'numeric' });
    const away = h('td', { class: 'numeric' });
    const state = h('td', { class: 'table-state' });
    const element = h(
      'tr',
      {
        'data-peer': id,
        onclick: (event: MouseEvent) => {
          if (event.target !== button) this.#choose(id);
        },
      },
      h('th', { scope: 'row' }, button),
      links,
      away,
      state,
    );
    const row = { element, button, links, away, state };
    this.#rows.set(id, row);
    return row;
  }
}
