import { copyText } from '../components/clipboard.ts';
import { dial } from '../components/dial.ts';
import { icon } from '../components/icons.ts';
import { Sparkline } from '../components/sparkline.ts';
import { type Child, h, setText, uniqueId } from '../dom.ts';
import { clockTime, errorText, roundTrip, shortId } from '../format.ts';
import { RoundTrips } from '../inspector/round-trips.ts';
import type { PageContext } from '../pages.ts';
import type { Explorer } from './explorer.ts';
import type { GraphPeer } from './graph.ts';
import { Neighbours } from './neighbours.ts';
import { distanceWords, stateWords } from './words.ts';

/** All about the chosen peer, and what can be asked of it. */
export class Details {
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #explorer: Explorer;
  readonly #title = h('h2', { id: uniqueId('peer-title'), tabindex: -1 }, 'Peer');
  readonly #hint = h(
    'p',
    { class: 'empty' },
    'Choose a peer in the graph or in the table. It is asked for its neighbours then, and the graph grows.',
  );
  readonly #id = h('code', { class: 'id-full' });
  readonly #face = h('span', { class: 'details-face' });
  readonly #copy: HTMLButtonElement;
  readonly #distance = h('dd', {});
  readonly #links = h('dd', {});
  readonly #answer = h('dd', {});
  readonly #trip = h('span', {}, 'not measured');
  #sparkline = new Sparkline();
  readonly #tripLine = h('dd', { class: 'details-trip' });
  readonly #actions: HTMLElement;
  readonly #lists: readonly Neighbours[];
  readonly #trips = new Map<string, RoundTrips>();
  readonly #body: HTMLElement;
  #peer: string | undefined;

  constructor(context: PageContext, explorer: Explorer, choose: (id: string) => void, signal: AbortSignal) {
    this.#context = context;
    this.#explorer = explorer;
    this.#copy = h(
      'button',
      {
        type: 'button',
        class: 'button button-small button-icon',
        'aria-label': 'Copy the full id',
        title: 'Copy the full id',
        onclick: () => {
          const peer = this.#peer;
          if (peer !== undefined) void copyText(peer, `Id ${shortId(peer)}`, context.toasts);
        },
      },
      icon('copy'),
    );
    this.#actions = h(
      'div',
      { class: 'details-actions' },
      this.#button('Ping', (peer) => this.#ping(peer)),
      this.#button('Ask for its neighbours', async (peer) => {
        if (!(await explorer.ask(peer))) context.toasts.show(`${shortId(peer)} did not answer`, 'warning');
      }),
    );
    this.#tripLine.append(this.#trip, this.#sparkline.element);
    this.#lists = ['Predecessors', 'Successors', 'Long links'].map((name) => new Neighbours(name, choose));
    const fact = (name: string, value: Child): readonly Child[] => [h('dt', {}, name), value];
    this.#body = h(
      'div',
      { class: 'details', hidden: true },
      h('p', { class: 'details-id' }, this.#face, this.#id, this.#copy),
      h(
        'dl',
        { class: 'facts' },
        ...fact('Distance', this.#distance),
        ...fact('Links known', this.#links),
        ...fact('Last answer', this.#answer),
        ...fact('Round trip', this.#tripLine),
      ),
      this.#actions,
      ...this.#lists.map(({ element }) => element),
    );
    this.element = h(
      'section',
      { class: 'panel panel-details', 'aria-labelledby': this.#title.id },
      h('div', { class: 'panel-head' }, this.#title),
      h('div', { class: 'panel-scroll', tabindex: 0, role: 'group', 'aria-labelledby': this.#title.id }, this.#hint, this.#body),
    );
    explorer.on('graph', () => this.#update(), signal);
  }

  focus(): void {
    this.#title.focus();
  }

  show(peer: string | undefined): void {
    this.#peer = peer;
    this.#hint.hidden = peer !== undefined;
    this.#body.hidden = peer === undefined;
    setText(this.#title, peer === undefined ? 'Peer' : `Peer ${shortId(peer)}`);
    if (peer === undefined) return;
    const isOwn = peer === this.#context.session.id;
    setText(this.#id, peer);
    this.#id.classList.toggle('id-own', isOwn);
    this.#face.replaceChildren(dial(peer, isOwn));
    this.#actions.hidden = isOwn;
    this.#showTrips();
    this.#update();
  }

  #update(): void {
    const id = this.#peer;
    if (id === undefined) return;
    const { graph } = this.#explorer;
    const peer = graph.byId.get(id);
    if (peer === undefined) {
      setText(this.#distance, 'Not in the graph any more');
      setText(this.#links, '–');
      setText(this.#answer, '–');
      for (const list of this.#lists) list.show([], new Set());
      return;
    }
    setText(this.#distance, distanceWords(peer));
    setText(this.#links, peer.linked.length.toLocaleString('en'));
    setText(this.#answer, this.#answerWords(peer));
    const linked = new Set(peer.linked);
    const beside = new Set([...peer.predecessors, ...peer.successors]);
    const [before, after, across] = this.#lists;
    before?.show(peer.predecessors, linked);
    after?.show(peer.successors, linked);
    across?.show(peer.linked.filter((other) => !beside.has(other)).sort(), linked);
    across?.rename(graph.isRing ? 'Long links' : 'Links');
  }

  #answerWords(peer: GraphPeer): string {
    const told = this.#explorer.told(peer.id);
    if (peer.state === 'own') return 'not needed';
    return told === undefined ? stateWords(peer) : clockTime(new Date(told.time)).slice(0, 8);
  }

  async #ping(peer: string): Promise<void> {
    const { node } = this.#context.session;
    if (node === undefined) return;
    try {
      const trips = this.#trips.get(peer) ?? new RoundTrips();
      this.#trips.set(peer, trips);
      trips.add(await node.ping(peer));
      if (peer === this.#peer) this.#showTrips();
    } catch (error) {
      if (peer === this.#peer) setText(this.#trip, `no pong: ${errorText(error)}`);
    }
  }

  #showTrips(): void {
    const values = this.#trips.get(this.#peer ?? '')?.values ?? [];
    const last = values.at(-1);
    const isOwn = this.#peer === this.#context.session.id;
    setText(this.#trip, last !== undefined ? roundTrip(last) : isOwn ? '–' : 'not measured yet');
    const next = new Sparkline();
    if (values.length > 1) next.show(values, RoundTrips.CAPACITY);
    next.element.toggleAttribute('hidden', values.length < 2);
    this.#sparkline.element.replaceWith(next.element);
    this.#sparkline = next;
  }

  /** A busy button keeps the focus, which a disabled one would lose. */
  #button(words: string, act: (peer: string) => Promise<void>): HTMLButtonElement {
    let isBusy = false;
    const button = h(
      'button',
      {
        type: 'button',
        class: 'button button-small',
        onclick: async () => {
          const peer = this.#peer;
          if (isBusy || peer === undefined) return;
          button.setAttribute('aria-disabled', String((isBusy = true)));
          await act(peer);
          button.setAttribute('aria-disabled', String((isBusy = false)));
        },
      },
      words,
    );
    return button;
  }
}
