import { h, setText } from '../dom.ts';
import { shortId } from '../format.ts';
import { copyText } from './clipboard.ts';
import { dial } from './dial.ts';
import { icon } from './icons.ts';
import type { Toasts } from './toast.ts';

/** The own id: its place on the ring, its first 8 digits, and a button that copies all 40. */
export class IdChip {
  #id: string | undefined;
  readonly #face = h('span', { class: 'id-chip-face' });
  readonly #digits = h('code', { class: 'id-chip-digits' });
  readonly #copy: HTMLButtonElement;
  readonly element: HTMLElement;

  constructor(toasts: Toasts) {
    this.#copy = h(
      'button',
      {
        type: 'button',
        class: 'button button-quiet button-icon',
        'aria-label': 'Copy your full id',
        title: 'Copy your full id',
        onclick: () => {
          const id = this.#id;
          if (id !== undefined) void copyText(id, `Id ${shortId(id)}`, toasts);
        },
      },
      icon('copy'),
    );
    this.element = h(
      'div',
      { class: 'id-chip' },
      this.#face,
      h('span', { class: 'id-chip-label' }, 'you '),
      this.#digits,
      this.#copy,
    );
    this.show(undefined);
  }

  show(id: string | undefined): void {
    if (id !== undefined && id === this.#id) return;
    this.#id = id;
    this.element.hidden = id === undefined;
    if (id === undefined) return;
    this.#face.replaceChildren(dial(id, true));
    this.#digits.title = id;
    setText(this.#digits, shortId(id));
  }
}
