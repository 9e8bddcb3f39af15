import { copyText } from '../components/clipboard.ts';
import { dial } from '../components/dial.ts';
import { Sparkline } from '../components/sparkline.ts';
import { h, setText } from '../dom.ts';
import { errorText, roundTrip, shortId } from '../format.ts';
import type { PageContext } from '../pages.ts';
import { RoundTrips } from './round-trips.ts';

/** A connected peer: its id, its round-trip times, and the report's two buttons. */
export class PeerRow {
  readonly peer: string;
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #trips = new RoundTrips();
  readonly #sparkline = new Sparkline();
  readonly #result = h('span', { class: 'peer-result' });
  readonly #ping: HTMLButtonElement;
  readonly #register: HTMLButtonElement;
  readonly #joined = h('span', { class: 'tag' }, 'in group');
  #pinging = false;
  #registering = false;

  constructor(peer: string, context: PageContext) {
    this.peer = peer;
    this.#context = context;
    const short = shortId(peer);
    this.#ping = h(
      'button',
      {
        type: 'button',
        class: 'button button-small',
        'aria-label': `Ping ${short}`,
        onclick: () => void this.ping(),
      },
      'Ping',
    );
    this.#register = h(
      'button',
      {
        type: 'button',
        class: 'button button-small',
        'aria-label': `Register ${short} in the group`,
        title: 'Bopcast registration: form a group with this peer',
        onclick: () => void this.#registerPeer(),
      },
      'Register',
    );
    this.element = h(
      'li',
      { class: 'peer', 'data-peer': peer },
      dial(peer),
      h(
        'button',
        {
          type: 'button',
          class: 'id-button',
          title: `${peer} (click to copy)`,
          'aria-label': `${short}, copy the full id`,
          onclick: () => void copyText(peer, `Id ${short}`, context.toasts),
        },
        short,
      ),
      h('span', { class: 'peer-trips' }, this.#result, this.#sparkline.element),
      h('span', { class: 'peer-actions' }, this.#ping, this.#register, this.#joined),
    );
    this.showMembership(false);
  }

  showMembership(isMember: boolean): void {
    const hadFocus = document.activeElement === this.#register;
    this.#register.hidden = isMember;
    this.#joined.hidden = !isMember;
    if (isMember && hadFocus) this.#ping.focus();
  }

  async ping(): Promise<void> {
    const { node } = this.#context.session;
    if (node === undefined || this.#pinging) return;
    this.#busy(this.#ping, (this.#pinging = true));
    try {
      const time = await node.ping(this.peer);
      this.#trips.add(time);
      this.#sparkline.show(this.#trips.values, RoundTrips.CAPACITY);
      this.#showResult(roundTrip(time), undefined);
    } catch (error) {
      this.#showResult('no pong', errorText(error));
    }
    this.#busy(this.#ping, (this.#pinging = false));
  }

  async #registerPeer(): Promise<void> {
    const { session, toasts } = this.#context;
    if (session.node === undefined || this.#registering) return;
    this.#busy(this.#register, (this.#registering = true));
    try {
      await session.node.group.register(this.peer);
    } catch (error) {
      toasts.show(`${shortId(this.peer)} did not register: ${errorText(error)}`, 'warning');
    }
    this.#busy(this.#register, (this.#registering = false));
  }

  #showResult(text: string, problem: string | undefined): void {
    setText(this.#result, text);
    this.#result.title = problem ?? 'Round-trip time';
    this.#result.classList.toggle('peer-result-failed', problem !== undefined);
  }

  /** A busy button keeps the focus, which a disabled one would lose. */
  #busy(button: HTMLButtonElement, busy: boolean): void {
    button.setAttribute('aria-disabled', String(busy));
  }
}
