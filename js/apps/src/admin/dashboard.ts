import { h, setText } from '../dom.ts';
import { NetworkView, tile } from './network-view.ts';
import { amount, duration, type ServerStats } from './stats.ts';

/** What the server tells, all of it. */
export class Dashboard {
  readonly #state = h('span', { class: 'badge' });
  readonly #trouble = h('p', { class: 'admin-trouble', role: 'status' });
  readonly #version = h('dd');
  readonly #uptime = h('dd');
  readonly #sockets = h('dd');
  readonly #refused = h('dd');
  readonly #turnedAway = h('dd');
  readonly #responses = h('dd');
  readonly #networks = new Map<string, NetworkView>();
  readonly #list = h('div');
  readonly element = h(
    'div',
    {},
    h('div', { class: 'admin-head' }, h('h1', {}, 'Server'), this.#state),
    this.#trouble,
    h(
      'dl',
      { class: 'admin-tiles' },
      tile('Version', this.#version),
      tile('Running for', this.#uptime),
      tile('Open sockets', this.#sockets),
      tile('Sockets refused', this.#refused),
      tile('Turned away', this.#turnedAway),
      tile('Responses', this.#responses),
    ),
    this.#list,
  );

  show(stats: ServerStats): void {
    const isReady = stats.unready === null;
    this.#state.dataset['state'] = isReady ? 'online' : 'degraded';
    setText(this.#state, isReady ? 'Takes newcomers' : 'Takes no newcomers');
    setText(this.#trouble, stats.unready ?? '');
    setText(this.#version, stats.version);
    setText(this.#uptime, duration(stats.uptime));
    setText(this.#sockets, `${amount(stats.sockets.open)} of ${amount(stats.sockets.most)}`);
    setText(this.#refused, amount(stats.sockets.refused));
    setText(this.#turnedAway, amount(stats.turnedAway));
    const responses = Object.entries(stats.responses).filter(([, count]) => count > 0);
    setText(this.#responses, responses.map(([status, count]) => `${status} ${amount(count)}`).join(', ') || 'None');
    for (const network of stats.networks) {
      let view = this.#networks.get(network.name);
      if (view === undefined) {
        view = new NetworkView(network.name);
        this.#networks.set(network.name, view);
        this.#list.append(view.element);
      }
      view.show(network);
    }
  }

  /** The numbers that are shown are old: the server did not answer. */
  lost(why: string): void {
    this.#state.dataset['state'] = 'offline';
    setText(this.#state, 'No answer');
    setText(this.#trouble, why);
  }
}
