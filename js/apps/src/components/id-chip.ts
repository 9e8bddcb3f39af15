import { h, setText } from '../dom.ts';
import { shortId } from '../format.ts';
import { linkTo } from '../publish/name.ts';
import { showCarried } from './carry.ts';
import { copyText } from './clipboard.ts';
import { dial } from './dial.ts';
import { Dialog } from './dialog.ts';
import { icon } from './icons.ts';
import type { Toasts } from './toast.ts';

/** The own id: its place on the ring, its first 8 digits, which open its QR code, and a button that copies all 40. */
export class IdChip {
  #id: string | undefined;
  readonly #face = h('span', { class: 'id-chip-face' });
  readonly #digits: HTMLButtonElement;
  readonly #copy: HTMLButtonElement;
  readonly #place = h('div', { class: 'carry-place' });
  readonly #whole = h('code', { class: 'id-whole' });
  readonly #toasts: Toasts;
  readonly element: HTMLElement;

  constructor(toasts: Toasts) {
    this.#toasts = toasts;
    const dialog = new Dialog(
      'Your id',
      toasts,
      h('p', {}, 'It names this tab in the network, and is a hash of the key that proves it: nobody can take it.'),
      this.#whole,
      h('p', {}, 'This link leads to what you publish:'),
      this.#place,
    );
    this.#digits = h('button', {
      type: 'button',
      class: 'id-chip-digits',
      'aria-haspopup': 'dialog',
      onclick: () => {
        this.#draw();
        dialog.open();
      },
    });
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
      dialog.element,
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
    this.#digits.ariaLabel = `Your id ${shortId(id)}: all of it, with a QR code`;
    setText(this.#digits, shortId(id));
    setText(this.#whole, id);
  }

  #draw(): void {
    if (this.#id === undefined) return;
    const page = new URL('publish.html', document.baseURI).href;
    showCarried(this.#place, linkTo({ uid: this.#id, segments: [] }, page), this.#toasts);
  }
}
