import { dial } from '../components/dial.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { shortId } from '../format.ts';

/** Neighbours shown of one kind. */
const MOST = 60;

/** A list of one kind of a peer's neighbours; each leads to its own details. */
export class Neighbours {
  readonly element: HTMLElement;
  readonly #title = h('h3', { id: uniqueId('neighbours') });
  readonly #count = h('span', { class: 'muted' });
  readonly #list = h('ul', { class: 'chips', role: 'list', 'aria-labelledby': this.#title.id });
  readonly #more = h('p', { class: 'hint' });
  readonly #choose: (id: string) => void;
  #shown = '';

  constructor(name: string, choose: (id: string) => void) {
    this.#choose = choose;
    this.rename(name);
    this.element = h(
      'section',
      { class: 'neighbours' },
      h('div', { class: 'neighbours-head' }, this.#title, this.#count),
      this.#list,
      this.#more,
    );
  }

  rename(name: string): void {
    setText(this.#title, name);
  }

  /** In the given order; who is not `linked` is a neighbour on the ring only. */
  show(ids: readonly string[], linked: ReadonlySet<string>): void {
    this.element.hidden = ids.length === 0;
    setText(this.#count, ids.length.toLocaleString('en'));
    const hidden = ids.length - MOST;
    this.#more.hidden = hidden <= 0;
    setText(this.#more, `and ${hidden.toLocaleString('en')} more`);
    const chips = ids.slice(0, MOST);
    const key = chips.map((id) => id + Number(linked.has(id))).join();
    if (key === this.#shown) return;
    this.#shown = key;
    const focused = document.activeElement;
    const had = focused instanceof HTMLElement && this.#list.contains(focused) ? focused.dataset['peer'] : undefined;
    this.#list.replaceChildren(...chips.map((id) => h('li', {}, this.#chip(id, linked.has(id)))));
    if (had !== undefined) this.#list.querySelector<HTMLElement>(`[data-peer="${CSS.escape(had)}"]`)?.focus();
  }

  #chip(id: string, isLinked: boolean): HTMLElement {
    return h(
      'button',
      {
        type: 'button',
        class: isLinked ? 'chip chip-button' : 'chip chip-button chip-unlinked',
        title: isLinked ? id : `${id} (no link)`,
        'data-peer': id,
        onclick: () => this.#choose(id),
      },
      dial(id),
      h('code', { class: 'id' }, shortId(id)),
      isLinked ? undefined : h('span', { class: 'visually-hidden' }, ', no link'),
    );
  }
}
