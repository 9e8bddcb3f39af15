import { icon } from '../components/icons.ts';
import { peerChips } from '../components/peer-chips.ts';
import { h, setText } from '../dom.ts';
import { counted } from '../format.ts';
import type { PageContext } from '../pages.ts';
import { formatName, type Name } from './name.ts';
import { browsingTrouble, isAborted } from './trouble.ts';

/** Who says that they have something, asked anew on demand. */
export class Holders {
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #name: Name;
  readonly #signal: AbortSignal;
  readonly #words = h('span', { class: 'holders-words', role: 'status' });
  readonly #chips = h('div', {});
  readonly #refresh: HTMLButtonElement;
  #isAsking = false;

  constructor(context: PageContext, name: Name, signal: AbortSignal) {
    this.#context = context;
    this.#name = name;
    this.#signal = signal;
    this.#refresh = h(
      'button',
      {
        type: 'button',
        class: 'button button-quiet button-small button-icon',
        'aria-label': 'Ask again who has copies',
        title: 'Ask again',
        onclick: () => void this.#ask(),
      },
      icon('refresh'),
    );
    this.element = h(
      'section',
      { class: 'holders' },
      h('div', { class: 'holders-head' }, h('h3', {}, 'Copies'), this.#words, this.#refresh),
      this.#chips,
    );
    void this.#ask();
  }

  async #ask(): Promise<void> {
    const { node } = this.#context.session;
    if (this.#isAsking || node === undefined) return;
    this.#isAsking = true;
    this.#refresh.setAttribute('aria-disabled', 'true');
    setText(this.#words, 'Asking …');
    try {
      const holders = await node.names.holders(formatName(this.#name), { signal: this.#signal });
      setText(this.#words, holders.length === 0 ? 'Nobody says that they have one' : counted(holders.length, 'peer'));
      this.#chips.replaceChildren(
        ...(holders.length === 0 ? [] : [peerChips(holders, node.id, 'Peers that have a copy')]),
      );
    } catch (error) {
      if (!isAborted(error)) setText(this.#words, browsingTrouble(error).title);
    } finally {
      this.#isAsking = false;
      this.#refresh.removeAttribute('aria-disabled');
    }
  }
}
