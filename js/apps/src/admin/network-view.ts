import { h, setText } from '../dom.ts';
import { byteCount } from '../format.ts';
import { Graph } from './graph.ts';
import { amount, EVENT_NAMES, EVENTS, reasonsThatWere, type EventName, type NetworkStats } from './stats.ts';
import { Table } from './table.ts';

const perSecond = (value: number): string => `${amount(value)}/s`;
const bytesPerSecond = (value: number): string => `${byteCount(Math.round(value))}/s`;

const rateOf = (event: EventName): ((value: number) => string) =>
  event === 'forwardedBytes' ? bytesPerSecond : perSecond;

/** One network: who is there, what happens how often, and why clients were sent away. */
export class NetworkView {
  readonly #connected = h('dd');
  readonly #unproven = h('dd');
  readonly #entryPeers = h('dd');
  readonly #peers = new Graph('Clients', amount);
  readonly #arrivals = new Graph('Arrivals', perSecond);
  readonly #messages = new Graph('Messages', perSecond);
  readonly #bytes = new Graph('Bytes', bytesPerSecond);
  readonly #rates = new Table('Events', ['Event', 'Last 10 s', 'Last 5 min', 'In all']);
  readonly #reasons = new Table('Why clients were refused or closed', ['Reason', 'Refused', 'Closed']);
  readonly #noReasons = h('p', { class: 'empty' }, 'No client was refused or closed so far.');
  readonly element: HTMLElement;

  constructor(name: string) {
    this.element = h(
      'section',
      { class: 'admin-network' },
      h('h2', {}, `Network ${name}`),
      h(
        'dl',
        { class: 'admin-tiles' },
        tile('Connected', this.#connected),
        tile('Proving their ids', this.#unproven),
        tile('Entry peers', this.#entryPeers),
      ),
      h(
        'div',
        { class: 'admin-graphs' },
        this.#peers.element,
        this.#arrivals.element,
        this.#messages.element,
        this.#bytes.element,
      ),
      h(
        'div',
        { class: 'admin-tables' },
        h('div', { class: 'panel' }, this.#rates.element),
        h('div', { class: 'panel' }, this.#reasons.element, this.#noReasons),
      ),
    );
  }

  show(stats: NetworkStats): void {
    setText(this.#connected, amount(stats.connected));
    setText(this.#unproven, amount(stats.unproven));
    setText(this.#entryPeers, amount(stats.entryPeers));
    const { graphs } = stats;
    this.#peers.show([
      { name: 'Connected', kind: 'first', values: graphs.connected },
      { name: 'Entry peers', kind: 'second', values: graphs.entryPeers },
    ]);
    this.#arrivals.show([
      { name: EVENTS.admitted, kind: 'first', values: graphs.admitted },
      { name: EVENTS.refused, kind: 'second', values: graphs.refused },
    ]);
    this.#messages.show([
      { name: EVENTS.forwarded, kind: 'first', values: graphs.forwarded },
      { name: EVENTS.errors, kind: 'second', values: graphs.errors },
    ]);
    this.#bytes.show([{ name: EVENTS.forwardedBytes, kind: 'first', values: graphs.forwardedBytes }]);
    const { tenSeconds, fiveMinutes } = stats.rates;
    this.#rates.show(
      EVENT_NAMES.map((event) => {
        const all = event === 'forwardedBytes' ? byteCount(stats[event]) : amount(stats[event]);
        return [EVENTS[event], rateOf(event)(tenSeconds[event]), rateOf(event)(fiveMinutes[event]), all];
      }),
    );
    const reasons = reasonsThatWere(stats.reasons);
    this.#reasons.show(
      reasons.map(({ code, text, refused, closed }) => [`${text} (${code})`, amount(refused), amount(closed)]),
    );
    this.#reasons.element.hidden = reasons.length === 0;
    this.#noReasons.hidden = reasons.length > 0;
  }
}

/** A number with its name. */
export function tile(name: string, value: HTMLElement): HTMLElement {
  return h('div', { class: 'panel admin-tile' }, h('dt', {}, name), value);
}
